package main

import (
	"context"
	"fmt"
	"time"
)

// A child made of a parent that can end, and cancelled; see bench/context/context.ts.
func contextCancel(n int) (time.Duration, error) {
	parent, stop := context.WithCancel(context.Background())
	defer stop()
	var live int64
	start := time.Now()
	for i := 0; i < n; i++ {
		ctx, cancel := context.WithCancel(parent)
		if ctx.Done() == nil {
			live++
		}
		cancel()
	}
	return time.Since(start), check(live, 0)
}

// The same with a goroutine that waits for the end.
func contextCancelWaiting(n int) (time.Duration, error) {
	parent, stop := context.WithCancel(context.Background())
	defer stop()
	over := make(chan int64)
	var ended int64
	start := time.Now()
	for i := 0; i < n; i++ {
		ctx, cancel := context.WithCancel(parent)
		go func() {
			<-ctx.Done()
			over <- 1
		}()
		cancel()
		ended += <-over
	}
	return time.Since(start), check(ended, int64(n))
}

type contextKey string

// The value at the root of a chain of ten.
func contextValue(n int) (time.Duration, error) {
	ctx := context.WithValue(context.Background(), contextKey("root"), int64(1))
	for i := 1; i < 10; i++ {
		ctx = context.WithValue(ctx, contextKey(fmt.Sprintf("key %d", i)), int64(i))
	}
	key := any(contextKey("root"))
	var sum int64
	start := time.Now()
	for i := 0; i < n; i++ {
		sum += ctx.Value(key).(int64)
	}
	return time.Since(start), check(sum, int64(n))
}

// A loop that takes jobs as long as the context lives.
func contextSelect(n int) (time.Duration, error) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	jobs := make(chan int64, 1)
	var sum int64
	start := time.Now()
	for i := 0; i < n; i++ {
		jobs <- 1
		select {
		case v := <-jobs:
			sum += v
		case <-ctx.Done():
		}
	}
	return time.Since(start), check(sum, int64(n))
}
