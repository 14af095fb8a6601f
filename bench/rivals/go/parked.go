package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

// parked is how many goroutines wait: as many as in bench/park/matches.ts.
const parked = 1_000_000

// Resident memory of a goroutine that waits at a channel; any thread.
func parkedResident() (float64, error) { return perGoroutine(resident) }

// The same in the books of the runtime: heap and stacks in use.
func parkedHeap() (float64, error) { return perGoroutine(inUse) }

// perGoroutine parks goroutines at one channel and returns by how many bytes memory grew for each. The channel is closed
// afterwards, and every one of them counted.
func perGoroutine(memory func() (uint64, error)) (float64, error) {
	ch := make(chan int)
	var woken sync.WaitGroup
	var started sync.WaitGroup
	var mutex sync.Mutex
	count := 0
	before, err := settled(memory)
	if err != nil {
		return 0, err
	}
	woken.Add(parked)
	started.Add(parked)
	for i := 0; i < parked; i++ {
		go func() {
			started.Done()
			<-ch
			mutex.Lock()
			count++
			mutex.Unlock()
			woken.Done()
		}()
	}
	started.Wait()
	after, err := settled(memory)
	if err != nil {
		return 0, err
	}
	close(ch)
	woken.Wait()
	if err := check(int64(count), parked); err != nil {
		return 0, err
	}
	return float64(int64(after)-int64(before)) / parked, nil
}

// settled returns how much memory there is once the others have run as far as they can and garbage has been given back.
func settled(memory func() (uint64, error)) (uint64, error) {
	for i := 0; i < 3; i++ {
		runtime.Gosched()
		debug.FreeOSMemory()
	}
	return memory()
}

// resident returns the bytes of the resident set.
func resident() (uint64, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, fmt.Errorf("cannot tell the resident set on this system: %w", err)
	}
	var size, pages uint64
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		return 0, err
	}
	return pages * uint64(os.Getpagesize()), nil
}

func inUse() (uint64, error) {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapInuse + stats.StackInuse, nil
}
