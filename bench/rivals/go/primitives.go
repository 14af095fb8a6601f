package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// Acquire + release of a unit that nobody else wants. The standard library has no semaphore; this is
// the usual one, a buffered channel.
func semaphoreFree(n int) (time.Duration, error) {
	units := make(chan struct{}, 2)
	var count int64
	start := time.Now()
	for i := 0; i < n; i++ {
		units <- struct{}{}
		count++
		<-units
	}
	return time.Since(start), check(count, int64(n))
}

// Two goroutines want the only unit all the time.
func semaphoreContended(n int) (time.Duration, error) {
	units := make(chan struct{}, 1)
	var count int64
	elapsed := both(n/2, func() {
		units <- struct{}{}
		count++
		<-units
	})
	return elapsed, check(count, int64(n/2)*2)
}

// An atomic addition to a value that nobody else touches.
func atomicFree(n int) (time.Duration, error) {
	var value int32
	start := time.Now()
	for i := 0; i < n; i++ {
		atomic.AddInt32(&value, 1)
	}
	return time.Since(start), check(int64(value), int64(int32(n)))
}

// Two goroutines add to one value.
func atomicContended(n int) (time.Duration, error) {
	var value int32
	elapsed := both(n/2, func() { atomic.AddInt32(&value, 1) })
	return elapsed, check(int64(value), int64(int32(n/2*2)))
}

// Add + Done + Wait of a wait group that has nothing to wait for.
func waitGroupFree(n int) (time.Duration, error) {
	var group sync.WaitGroup
	start := time.Now()
	for i := 0; i < n; i++ {
		group.Add(1)
		group.Done()
		group.Wait()
	}
	return time.Since(start), nil
}

// Two goroutines meet at a barrier in every operation. The standard library has none; this is the
// textbook's, a mutex and a condition.
func barrierTwo(n int) (time.Duration, error) {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	arrived, round := 0, int64(0)
	elapsed := both(n, func() {
		mu.Lock()
		mine := round
		if arrived++; arrived == 2 {
			arrived = 0
			round++
			cond.Broadcast()
		} else {
			for round == mine {
				cond.Wait()
			}
		}
		mu.Unlock()
	})
	return elapsed, check(round, int64(n))
}

// both runs body n times on each of two goroutines and returns how long that took.
func both(n int, body func()) time.Duration {
	var done sync.WaitGroup
	done.Add(2)
	start := time.Now()
	for g := 0; g < 2; g++ {
		go func() {
			defer done.Done()
			for i := 0; i < n; i++ {
				body()
			}
		}()
	}
	done.Wait()
	return time.Since(start)
}
