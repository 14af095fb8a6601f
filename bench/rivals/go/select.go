package main

import "time"

// Select of two ready: both channels hold values; the one taken goes back to where it came from.
func selectTwoReady(n int) (time.Duration, error) {
	a, b := make(chan int32, 2), make(chan int32, 2)
	a <- 1
	b <- 1
	var sum int64
	start := time.Now()
	for i := 0; i < n; i++ {
		select {
		case v := <-a:
			sum += int64(v)
			a <- v
		case v := <-b:
			sum += int64(v)
			b <- v
		}
	}
	return time.Since(start), check(sum, int64(n))
}

// Select of two, waiting: a goroutine waits on both, another sends to them in turn; one thread,
// nothing buffered.
func selectTwoWaiting(n int) (time.Duration, error) {
	a, b := make(chan int32), make(chan int32)
	start := time.Now()
	go func() {
		for i := 0; i < n; i += 2 {
			a <- int32(i)
			if i+1 < n {
				b <- int32(i + 1)
			}
		}
	}()
	var sum int64
	for i := 0; i < n; i++ {
		select {
		case v := <-a:
			sum += int64(v)
		case v := <-b:
			sum += int64(v)
		}
	}
	return time.Since(start), check(sum, sumBelow(n))
}
