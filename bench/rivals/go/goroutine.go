package main

import (
	"sync"
	"time"
)

// burst is how many tasks are in flight at once in poolBurst.
const burst = 10_000

// One no-op goroutine, spawned and joined by a WaitGroup, on one thread.
func goSpawnJoin(n int) (time.Duration, error) {
	var joined sync.WaitGroup
	var sum int64
	start := time.Now()
	for i := 0; i < n; i++ {
		joined.Add(1)
		go func() {
			sum++
			joined.Done()
		}()
		joined.Wait()
	}
	return time.Since(start), check(sum, int64(n))
}

// One task whose result is awaited over a channel before the next is started; any thread.
func poolTask(n int) (time.Duration, error) {
	result := make(chan int)
	var sum int64
	start := time.Now()
	for i := 0; i < n; i++ {
		go func() { result <- 1 }()
		sum += int64(<-result)
	}
	return time.Since(start), check(sum, int64(n))
}

// Bursts of 10,000 tasks, all started before the first is joined; any thread.
func poolBurst(n int) (time.Duration, error) {
	var sum int64
	start := time.Now()
	for left := n; left > 0; left -= burst {
		size := burst
		if left < size {
			size = left
		}
		results := make(chan int, burst)
		for i := 0; i < size; i++ {
			go func() { results <- 1 }()
		}
		for i := 0; i < size; i++ {
			sum += int64(<-results)
		}
	}
	return time.Since(start), check(sum, int64(n))
}
