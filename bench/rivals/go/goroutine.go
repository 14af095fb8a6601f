package main

import (
	"sync"
	"time"
)

const (
	// burst is how many tasks are in flight at once in poolBurst.
	burst = 10_000
	// computations is how many tasks are in flight at once in poolComputing.
	computations = 64
	// fibOf is what each of them computes the Fibonacci number of.
	fibOf    = 27
	fibValue = 196_418
)

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

// Groups of 64 tasks that compute a Fibonacci number each; any thread.
func poolComputing(n int) (time.Duration, error) {
	var sum int64
	start := time.Now()
	for left := n; left > 0; left -= computations {
		size := computations
		if left < size {
			size = left
		}
		results := make(chan int, computations)
		for i := 0; i < size; i++ {
			go func() { results <- fib(fibOf) }()
		}
		for i := 0; i < size; i++ {
			sum += int64(<-results)
		}
	}
	return time.Since(start), check(sum, int64(n)*fibValue)
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}
