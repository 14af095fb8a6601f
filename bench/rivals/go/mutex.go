package main

import (
	"sync"
	"time"
)

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
