package main

import (
	"fmt"
	"runtime"
	"sort"
	"time"
)

// A body performs n operations, checks their result and returns how long they took.
type body func(n int) (time.Duration, error)

// measure returns ns per operation, one figure per round. The warm-up finds the number of
// operations that fills the target, as testing.B does, and one round goes by uncounted, because a
// fresh process is slow while its heap and its list of free goroutines grow. The search begins with
// first operations, and their number stays a multiple of unit.
func measure(run body, first, unit, rounds int, target time.Duration) ([]float64, error) {
	n := first
	uncounted := 1
	for {
		elapsed, err := run(n)
		if err != nil {
			return nil, err
		}
		if elapsed >= target/2 {
			found := int(float64(n)*float64(target)/float64(elapsed)) / unit * unit
			if found < unit {
				found = unit
			}
			if found == n {
				// The search was a round itself.
				uncounted = 0
			}
			n = found
			break
		}
		n *= 2
	}
	measured := make([]float64, rounds)
	for i := -uncounted; i < rounds; i++ {
		runtime.GC()
		elapsed, err := run(n)
		if err != nil {
			return nil, err
		}
		if i < 0 {
			continue
		}
		measured[i] = float64(elapsed.Nanoseconds()) / float64(n)
	}
	return measured, nil
}

func median(values []float64) float64 {
	sorted := append([]float64(nil), values...)
	sort.Float64s(sorted)
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// check returns an error unless the sum of what was received is the sum of what was sent.
func check(got, want int64) error {
	if got != want {
		return fmt.Errorf("the values add up to %d, want %d", got, want)
	}
	return nil
}

// sumBelow returns 0 + 1 + … + (n - 1).
func sumBelow(n int) int64 {
	return int64(n) * int64(n-1) / 2
}
