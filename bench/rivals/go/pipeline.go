package main

import "time"

// Numbers through four stages that each select on done; see bench/patterns/pipeline.ts.
func pipeline(n int) (time.Duration, error) {
	done := make(chan struct{})
	defer close(done)
	numbers := make(chan int64)
	doubled := make(chan int64)
	wanted := make(chan int64)
	taken := make(chan int64)
	start := time.Now()
	go func() {
		defer close(numbers)
		for i := int64(0); send(done, numbers, i); i++ {
		}
	}()
	go stage(done, numbers, doubled, func(v int64) bool { return send(done, doubled, 2*v) })
	go stage(done, doubled, wanted, func(v int64) bool { return v%4 != 0 || send(done, wanted, v) })
	go func() {
		left := n
		stage(done, wanted, taken, func(v int64) bool {
			left--
			return send(done, taken, v) && left > 0
		})
	}()
	var sum int64
	for v := range taken {
		sum += v
	}
	elapsed := time.Since(start)
	return elapsed, check(sum, 2*int64(n)*int64(n-1))
}

func send(done <-chan struct{}, out chan<- int64, v int64) bool {
	select {
	case <-done:
		return false
	case out <- v:
		return true
	}
}

func stage(done <-chan struct{}, in <-chan int64, out chan<- int64, work func(int64) bool) {
	defer close(out)
	for {
		select {
		case <-done:
			return
		case v, ok := <-in:
			if !ok || !work(v) {
				return
			}
		}
	}
}
