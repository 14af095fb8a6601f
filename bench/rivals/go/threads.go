package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// outcome is what a consumer on a thread of its own saw.
type outcome struct {
	elapsed time.Duration
	sum     int64
}

// Thread to thread: one producer and one consumer, capacity 1024. The consumer's clock runs from
// its first receive to its last. Goroutines that Go may move are faster than pinned ones, because a
// pinned one that waits gives up its whole thread; the free form is the one to beat.
func threadToThread1024(n int) (time.Duration, error) {
	return oneToOne(n, func() {})
}

// The same with each goroutine alone on a thread of its own.
func threadToThread1024Locked(n int) (time.Duration, error) {
	return oneToOne(n, runtime.LockOSThread)
}

func oneToOne(n int, settle func()) (time.Duration, error) {
	ch := make(chan int32, 1024)
	go func() {
		settle()
		for i := 0; i < n; i++ {
			ch <- int32(i)
		}
	}()
	done := make(chan outcome)
	go func() {
		settle()
		var sum int64
		start := time.Now()
		for i := 0; i < n; i++ {
			sum += int64(<-ch)
		}
		done <- outcome{time.Since(start), sum}
	}()
	got := <-done
	return got.elapsed, check(got.sum, sumBelow(n))
}

// 1 KiB messages, thread to thread, capacity 1024, as arrays: copied into the channel and out of
// it, which is what the other side does, and nothing is left for the collector.
func kib1ThreadToThread(n int) (time.Duration, error) {
	ch := make(chan [1024]byte, 1024)
	go func() {
		var message [1024]byte
		for i := 0; i < n; i++ {
			message[0] = byte(i)
			message[1023] = byte(i)
			ch <- message
		}
	}()
	done := make(chan outcome)
	go func() {
		var sum int64
		start := time.Now()
		for i := 0; i < n; i++ {
			message := <-ch
			sum += int64(message[0]) + int64(message[1023])
		}
		done <- outcome{time.Since(start), sum}
	}()
	got := <-done
	return got.elapsed, check(got.sum, sumOfBytes(n))
}

// The same as slices: the producer keeps its buffer, so every message is a copy of its own.
func kib1SliceThreadToThread(n int) (time.Duration, error) {
	ch := make(chan []byte, 1024)
	go func() {
		message := make([]byte, 1024)
		for i := 0; i < n; i++ {
			message[0] = byte(i)
			message[1023] = byte(i)
			ch <- append([]byte(nil), message...)
		}
	}()
	done := make(chan outcome)
	go func() {
		var sum int64
		start := time.Now()
		for i := 0; i < n; i++ {
			message := <-ch
			sum += int64(message[0]) + int64(message[len(message)-1])
		}
		done <- outcome{time.Since(start), sum}
	}()
	got := <-done
	return got.elapsed, check(got.sum, sumOfBytes(n))
}

// sumOfBytes returns what the first and last bytes of n messages add up to.
func sumOfBytes(n int) int64 {
	full, rest := n/256, n%256
	return 2 * (int64(full)*sumBelow(256) + sumBelow(rest))
}

// 4 producers to 4 consumers over one channel, capacity 1024, closed when all is sent.
func mpmc4x4(n int) (time.Duration, error) { return manyToMany(4, n) }

func manyToMany(pairs, n int) (time.Duration, error) {
	each := n / pairs
	ch := make(chan int32, 1024)
	var sending, receiving sync.WaitGroup
	var sum int64
	sending.Add(pairs)
	receiving.Add(pairs)
	start := time.Now()
	for p := 0; p < pairs; p++ {
		go func() {
			defer sending.Done()
			for i := 0; i < each; i++ {
				ch <- int32(i)
			}
		}()
	}
	for c := 0; c < pairs; c++ {
		go func() {
			defer receiving.Done()
			var mine int64
			for v := range ch {
				mine += int64(v)
			}
			atomic.AddInt64(&sum, mine)
		}()
	}
	sending.Wait()
	close(ch)
	receiving.Wait()
	return time.Since(start), check(sum, int64(pairs)*sumBelow(each))
}
