package main

import (
	"fmt"
	"sync"
	"time"
)

// mapKeys is how many keys are always in the map; their values are their indexes.
const mapKeys = 1024

func intKeys() []any {
	keys := make([]any, 2*mapKeys)
	for i := range keys {
		keys[i] = int32(i)
	}
	return keys
}

func textKeys() []any {
	keys := make([]any, 2*mapKeys)
	for i := range keys {
		keys[i] = fmt.Sprintf("key number %d", i)
	}
	return keys
}

// A sync.Map that is mostly read, only written, or whose keys come and go; see bench/sync/map.ts.
func mapOneThread(keys func() []any, mix string) body {
	return func(n int) (time.Duration, error) {
		all := keys()
		m := filledMap(all)
		start := time.Now()
		got, want := useMap(m, all, mix, n)
		return time.Since(start), check(got, want)
	}
}

// The same, half of the operations on each of two goroutines.
func mapTwoThreads(keys func() []any, mix string) body {
	return func(n int) (time.Duration, error) {
		all := keys()
		m := filledMap(all)
		sums := make(chan [2]int64, 2)
		start := time.Now()
		for i := 0; i < 2; i++ {
			go func() {
				got, want := useMap(m, all, mix, n/2)
				sums <- [2]int64{got, want}
			}()
		}
		a, b := <-sums, <-sums
		return time.Since(start), check(a[0]+b[0], a[1]+b[1])
	}
}

func filledMap(keys []any) *sync.Map {
	m := new(sync.Map)
	for i := 0; i < mapKeys; i++ {
		m.Store(keys[i], int32(i))
	}
	return m
}

func useMap(m *sync.Map, keys []any, mix string, n int) (sum, want int64) {
	reads, writes := mix == "reads", mix == "writes"
	for i := 0; i < n; i++ {
		index := (i * 5) % mapKeys
		turn := i % 4
		if reads {
			turn = 0
			if i%16 == 0 {
				turn = 1
			}
		} else if writes {
			turn = 1
		}
		switch turn {
		case 0:
			value, _ := m.Load(keys[index])
			sum += int64(value.(int32))
			want += int64(index)
		case 1:
			m.Store(keys[index], int32(index))
		case 2:
			m.LoadOrStore(keys[mapKeys+index], int32(index))
		case 3:
			m.Delete(keys[mapKeys+(index+mapKeys-5)%mapKeys])
		}
	}
	return sum, want
}
