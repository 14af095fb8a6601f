package main

import (
	"errors"
	"time"
)

var errNotReady = errors.New("a channel was not ready that had to be")

// Send + receive, one thread, try form: capacity 1024, one goroutine, select with default.
func sendReceiveOneThread(n int) (time.Duration, error) {
	ch := make(chan int32, 1024)
	var sum int64
	start := time.Now()
	for i := 0; i < n; i++ {
		select {
		case ch <- int32(i):
		default:
			return 0, errNotReady
		}
		select {
		case v := <-ch:
			sum += int64(v)
		default:
			return 0, errNotReady
		}
	}
	return time.Since(start), check(sum, sumBelow(n))
}

// Rendezvous: two goroutines of one thread, nothing buffered.
func rendezvousOneThread(n int) (time.Duration, error) {
	return twoGoroutines(make(chan int32), n)
}

// Buffered: two goroutines of one thread, capacity 1024.
func buffered1024OneThread(n int) (time.Duration, error) {
	return twoGoroutines(make(chan int32, 1024), n)
}

func twoGoroutines(ch chan int32, n int) (time.Duration, error) {
	start := time.Now()
	go func() {
		for i := 0; i < n; i++ {
			ch <- int32(i)
		}
	}()
	var sum int64
	for i := 0; i < n; i++ {
		sum += int64(<-ch)
	}
	return time.Since(start), check(sum, sumBelow(n))
}
