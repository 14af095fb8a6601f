package main

import (
	"runtime"
	"sync"
	"time"
)

// crowd is how many goroutines want the mutex where there are more of them than threads.
const crowd = 64

// work is how many rounds of work a goroutine does with the mutex, and as many without.
const work = 100

// Lock + unlock of a mutex that nobody else wants.
func mutexFree(n int) (time.Duration, error) {
	var mu sync.Mutex
	var count int64
	start := time.Now()
	for i := 0; i < n; i++ {
		mu.Lock()
		count++
		mu.Unlock()
	}
	return time.Since(start), check(count, int64(n))
}

// Goroutines that lock, count and unlock; inside and between they do so many rounds of work, and yield if asked to.
func contended(goroutines, rounds int, yields bool, n int) (time.Duration, error) {
	var mu sync.Mutex
	var joined sync.WaitGroup
	var count int64
	var sink uint32
	each := (n + goroutines - 1) / goroutines
	start := time.Now()
	for g := 0; g < goroutines; g++ {
		joined.Add(1)
		go func() {
			state := uint32(1)
			for i := 0; i < each; i++ {
				mu.Lock()
				before := count
				if yields {
					runtime.Gosched()
				}
				count = before + 1
				state = scramble(state, rounds)
				mu.Unlock()
				state = scramble(state, rounds)
			}
			mu.Lock()
			sink += state
			mu.Unlock()
			joined.Done()
		}()
	}
	joined.Wait()
	// More than was asked for, where that was no multiple of the goroutines.
	elapsed := time.Since(start) * time.Duration(n) / time.Duration(each*goroutines)
	return elapsed, check(count, int64(each*goroutines))
}

// Two goroutines on two threads that want the mutex all the time.
func mutexContended(n int) (time.Duration, error) { return contended(2, 0, false, n) }

// The same, which do something with it and without.
func mutexWork(n int) (time.Duration, error) { return contended(2, work, false, n) }

// Many goroutines on two threads.
func mutexOversubscribed(n int) (time.Duration, error) { return contended(crowd, 0, false, n) }

// Many goroutines on one thread; the holder lets the others run.
func mutexCrowd(n int) (time.Duration, error) { return contended(crowd, 0, true, n) }

// scramble is the work: rounds of a generator of random numbers (Marsaglia's xorshift).
func scramble(state uint32, rounds int) uint32 {
	for i := 0; i < rounds; i++ {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
	}
	return state
}

// One writer that locks five times, yielding in between, and a number of goroutines that lock once to read.
func readersAndWriter(readers int) body {
	return func(n int) (time.Duration, error) {
		var mu sync.RWMutex
		// GOMAXPROCS is 1, and nothing yields while it counts.
		var reads, writes int64
		batches := (n + readers - 1) / readers
		start := time.Now()
		for batch := 0; batch < batches; batch++ {
			var joined sync.WaitGroup
			joined.Add(readers + 1)
			go func() {
				for i := 0; i < 5; i++ {
					mu.Lock()
					writes++
					mu.Unlock()
					runtime.Gosched()
				}
				joined.Done()
			}()
			for i := 0; i < readers; i++ {
				go func() {
					mu.RLock()
					reads++
					mu.RUnlock()
					joined.Done()
				}()
			}
			joined.Wait()
		}
		elapsed := time.Since(start) * time.Duration(n) / time.Duration(batches*readers)
		if err := check(writes, int64(5*batches)); err != nil {
			return elapsed, err
		}
		return elapsed, check(reads, int64(batches*readers))
	}
}
