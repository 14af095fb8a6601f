package main

import (
	"reflect"
	"sync"
	"time"
)

// A curve is a body that is told a size; bench/curves/ says which.
type curve struct {
	name string
	// procs is GOMAXPROCS while the body runs.
	procs int
	// unit is what the number of operations is a multiple of; 0: the size, of which each is one.
	unit int
	at   func(size int) body
}

var curves = []curve{
	{"goroutinesParked", 1, 0, goroutinesParked},
	{"selectOneOf", 1, 16, selectOneOf},
	{"selectParkedOn", 1, 16, selectParkedOn},
	{"selectAllOf", 1, 16, selectAllOf},
	{"computingOn", 2, computations, computingOn},
	{"passBetween", 2, 0, passBetween},
	{"payloadCopied", 2, 4, payloadCopied},
	{"fillAndDrain", 1, 0, fillAndDrain},
	{"submitAndJoin", 2, 0, submitAndJoin},
}

// jobsAt returns the curves that can be measured at this size: of nothing there is no operation.
func jobsAt(size int) []job {
	var sized []job
	for _, c := range curves {
		unit := c.unit
		if unit == 0 {
			unit = size
		}
		if unit > 0 {
			sized = append(sized, job{row{c.name, c.procs, c.at(size), nil}, unit, unit})
		}
	}
	return sized
}

// stride is by how much the ready channel moves on: a prime that divides none of the sizes.
const stride = 7919

// Goroutines that wait at one channel, all at once, each served and joined.
func goroutinesParked(size int) body {
	return func(n int) (time.Duration, error) {
		var sum int64
		start := time.Now()
		for done := 0; done < n; done += size {
			ch := make(chan int32)
			var joined sync.WaitGroup
			joined.Add(size)
			for i := 0; i < size; i++ {
				go func() {
					sum += int64(<-ch)
					joined.Done()
				}()
			}
			for i := 0; i < size; i++ {
				ch <- int32(i)
			}
			joined.Wait()
		}
		return time.Since(start), check(sum, int64(n/size)*sumBelow(size))
	}
}

// inputs makes so many channels, and the cases of a select that receives from them.
func inputs(size, capacity int) ([]chan int32, []reflect.SelectCase) {
	channels := make([]chan int32, size)
	cases := make([]reflect.SelectCase, size)
	for i := range channels {
		channels[i] = make(chan int32, capacity)
		cases[i] = reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(channels[i])}
	}
	return channels, cases
}

// Each time another one of the channels holds a value.
func selectOneOf(size int) body {
	return func(n int) (time.Duration, error) {
		channels, cases := inputs(size, 1)
		var sum int64
		start := time.Now()
		for i := 0; i < n; i++ {
			channels[i*stride%size] <- int32(i)
			_, v, _ := reflect.Select(cases)
			sum += v.Int()
		}
		return time.Since(start), check(sum, sumBelow(n))
	}
}

// A goroutine waits on all, another sends to them in turn.
func selectParkedOn(size int) body {
	return func(n int) (time.Duration, error) {
		channels, cases := inputs(size, 0)
		start := time.Now()
		go func() {
			for i := 0; i < n; i++ {
				channels[i*stride%size] <- int32(i)
			}
		}()
		var sum int64
		for i := 0; i < n; i++ {
			_, v, _ := reflect.Select(cases)
			sum += v.Int()
		}
		return time.Since(start), check(sum, sumBelow(n))
	}
}

// All channels hold a value; what was taken goes back.
func selectAllOf(size int) body {
	return func(n int) (time.Duration, error) {
		channels, cases := inputs(size, 1)
		for _, ch := range channels {
			ch <- 1
		}
		var sum int64
		start := time.Now()
		for i := 0; i < n; i++ {
			chosen, v, _ := reflect.Select(cases)
			sum += v.Int()
			channels[chosen] <- 1
		}
		return time.Since(start), check(sum, int64(n))
	}
}

// Groups of 64 tasks that compute a Fibonacci number each, on so many goroutines.
func computingOn(size int) body {
	return func(n int) (time.Duration, error) {
		tasks := make(chan int, computations)
		results := make(chan int, computations)
		for g := 0; g < size; g++ {
			go func() {
				for each := range tasks {
					results <- fib(each)
				}
			}()
		}
		var sum int64
		start := time.Now()
		for left := n; left > 0; left -= computations {
			group := computations
			if left < group {
				group = left
			}
			for i := 0; i < group; i++ {
				tasks <- fibOf
			}
			for i := 0; i < group; i++ {
				sum += int64(<-results)
			}
		}
		elapsed := time.Since(start)
		close(tasks)
		return elapsed, check(sum, int64(n)*fibValue)
	}
}

// So many producers to as many consumers over one channel, capacity 1024, closed when all is sent.
func passBetween(size int) body {
	return func(n int) (time.Duration, error) { return manyToMany(size, n) }
}

// Messages from one goroutine to another, the producer keeping its buffer, so every message is a
// copy of its own; at most 1,024 or 16 MiB of them wait.
func payloadCopied(size int) body {
	capacity := 1024
	if size > 0 && 1<<24/size < capacity {
		capacity = 1 << 24 / size
	}
	if capacity < 2 {
		capacity = 2
	}
	return func(n int) (time.Duration, error) {
		ch := make(chan []byte, capacity)
		go func() {
			message := make([]byte, size)
			if size > 0 {
				message[0], message[size-1] = 1, 1
			}
			for i := 0; i < n; i++ {
				ch <- append([]byte(nil), message...)
			}
		}()
		done := make(chan outcome)
		go func() {
			var sum int64
			start := time.Now()
			for i := 0; i < n; i++ {
				message := <-ch
				sum += int64(len(message))
				if len(message) > 0 {
					sum += int64(message[0]) + int64(message[len(message)-1])
				}
			}
			done <- outcome{time.Since(start), sum}
		}()
		got := <-done
		want := int64(n) * int64(size)
		if size > 0 {
			want += 2 * int64(n)
		}
		return got.elapsed, check(got.sum, want)
	}
}

// A channel that is filled and then drained, in the form that never waits.
func fillAndDrain(size int) body {
	return func(n int) (time.Duration, error) {
		ch := make(chan int32, size)
		var sum int64
		start := time.Now()
		for done := 0; done < n; done += size {
			for i := 0; i < size; i++ {
				select {
				case ch <- int32(i):
				default:
					return 0, errNotReady
				}
			}
			for i := 0; i < size; i++ {
				select {
				case v := <-ch:
					sum += int64(v)
				default:
					return 0, errNotReady
				}
			}
		}
		return time.Since(start), check(sum, int64(n/size)*sumBelow(size))
	}
}

// So many goroutines, all started before the first is joined.
func submitAndJoin(size int) body {
	return func(n int) (time.Duration, error) {
		var sum int64
		start := time.Now()
		for done := 0; done < n; done += size {
			results := make(chan int, size)
			for i := 0; i < size; i++ {
				go func() { results <- 1 }()
			}
			for i := 0; i < size; i++ {
				sum += int64(<-results)
			}
		}
		return time.Since(start), check(sum, int64(n))
	}
}
