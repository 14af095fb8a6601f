// Command rival does in Go what bench/ does in TypeScript, and prints one JSON object:
//
//	{"go":"go1.19.8","nsPerOp":{"<row>":<median>,…},"rounds":{"<row>":[<ns>,…],…}}
//
// Rows about memory have bytes in place of ns, and are measured once, whatever -rounds says: what is left of one round (the stacks
// of goroutines that have ended) would be there for the next.
//
// bench/support/go.ts builds it and runs it once per round, so that both sides take turns on the
// same machine. By hand: go run . -rounds 7, or go run . -rows selectOneOf -size 100 for a curve's
// point.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// A row is one line of the comparison: a body and the number of processors it may use.
type row struct {
	name string
	// procs is GOMAXPROCS while the body runs: 1 where the situation says "one thread".
	procs int
	run   body
	// bytes measures memory, in place of run.
	bytes func() (float64, error)
}

// A job is a row with what its rounds are made of: first is how many operations the search for their
// length begins with, and unit what their number is a multiple of.
type job struct {
	row
	first, unit int
}

var rows = []row{
	{"sendReceiveOneThread", 1, sendReceiveOneThread, nil},
	{"rendezvousOneThread", 1, rendezvousOneThread, nil},
	{"buffered1024OneThread", 1, buffered1024OneThread, nil},
	{"threadToThread1024", 2, threadToThread1024, nil},
	{"threadToThread1024Locked", 2, threadToThread1024Locked, nil},
	{"kib1ThreadToThread", 2, kib1ThreadToThread, nil},
	{"kib1SliceThreadToThread", 2, kib1SliceThreadToThread, nil},
	{"mpmc4x4", 2, mpmc4x4, nil},
	{"selectTwoReady", 1, selectTwoReady, nil},
	{"selectTwoWaiting", 1, selectTwoWaiting, nil},
	{"mutexFree", 1, mutexFree, nil},
	{"semaphoreFree", 1, semaphoreFree, nil},
	{"semaphoreContended", 2, semaphoreContended, nil},
	{"atomicFree", 1, atomicFree, nil},
	{"atomicContended", 2, atomicContended, nil},
	{"waitGroupFree", 1, waitGroupFree, nil},
	{"barrierTwo", 2, barrierTwo, nil},
	{"mutexContended", 2, mutexContended, nil},
	{"mutexWork", 2, mutexWork, nil},
	{"mutexOversubscribed", 2, mutexOversubscribed, nil},
	{"mutexCrowd", 1, mutexCrowd, nil},
	{"rwMutex0", 1, readersAndWriter(1), nil},
	{"rwMutex10", 1, readersAndWriter(1 << 10), nil},
	{"rwMutex19", 1, readersAndWriter(1 << 19), nil},
	{"goSpawnJoin", 1, goSpawnJoin, nil},
	{"poolTask", 2, poolTask, nil},
	{"poolBurst", 2, poolBurst, nil},
	{"poolComputing", 2, poolComputing, nil},
	{"mapOneIntReads", 1, mapOneThread(intKeys, "reads"), nil},
	{"mapOneIntWrites", 1, mapOneThread(intKeys, "writes"), nil},
	{"mapOneIntMixed", 1, mapOneThread(intKeys, "mixed"), nil},
	{"mapOneTextReads", 1, mapOneThread(textKeys, "reads"), nil},
	{"mapOneTextWrites", 1, mapOneThread(textKeys, "writes"), nil},
	{"mapOneTextMixed", 1, mapOneThread(textKeys, "mixed"), nil},
	{"mapTwoIntReads", 2, mapTwoThreads(intKeys, "reads"), nil},
	{"mapTwoIntWrites", 2, mapTwoThreads(intKeys, "writes"), nil},
	{"mapTwoIntMixed", 2, mapTwoThreads(intKeys, "mixed"), nil},
	{"mapTwoTextReads", 2, mapTwoThreads(textKeys, "reads"), nil},
	{"mapTwoTextWrites", 2, mapTwoThreads(textKeys, "writes"), nil},
	{"mapTwoTextMixed", 2, mapTwoThreads(textKeys, "mixed"), nil},
	{"pipeline", 1, pipeline, nil},
	{"contextCancel", 1, contextCancel, nil},
	{"contextCancelWaiting", 1, contextCancelWaiting, nil},
	{"contextValue", 1, contextValue, nil},
	{"contextSelect", 1, contextSelect, nil},
	{"parkedResident", 1, nil, parkedResident},
	{"parkedHeap", 1, nil, parkedHeap},
}

type report struct {
	Go      string               `json:"go"`
	NsPerOp map[string]float64   `json:"nsPerOp"`
	Rounds  map[string][]float64 `json:"rounds"`
}

func main() {
	only := flag.String("rows", "", "measure only these rows, separated by commas; with -size, curves")
	size := flag.Int("size", -1, "measure curves, at this size")
	rounds := flag.Int("rounds", 5, "rounds per row, of which the median is printed")
	target := flag.Duration("target", 100*time.Millisecond, "how long one round lasts")
	once := flag.Bool("once", false, "start one goroutine, join it, and exit: what a whole process takes")
	flag.Parse()
	if *once {
		if _, err := goSpawnJoin(1); err != nil {
			fmt.Fprintln(os.Stderr, "rival:", err)
			os.Exit(1)
		}
		return
	}

	chosen, err := choose(*only, *size)
	if err == nil && (*rounds < 1 || *target <= 0 || flag.NArg() > 0) {
		err = fmt.Errorf("rounds and target must be positive, and nothing follows the flags")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rival:", err)
		os.Exit(2)
	}

	out := report{runtime.Version(), map[string]float64{}, map[string][]float64{}}
	for _, r := range chosen {
		runtime.GOMAXPROCS(r.procs)
		measured, err := r.measure(*rounds, *target)
		if err != nil {
			fmt.Fprintf(os.Stderr, "rival: %s: %v\n", r.name, err)
			os.Exit(1)
		}
		out.Rounds[r.name] = measured
		out.NsPerOp[r.name] = median(measured)
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		fmt.Fprintln(os.Stderr, "rival:", err)
		os.Exit(1)
	}
}

// measure returns one figure per round.
func (j job) measure(rounds int, target time.Duration) ([]float64, error) {
	if j.bytes == nil {
		return measure(j.run, j.first, j.unit, rounds, target)
	}
	bytes, err := j.bytes()
	return []float64{bytes}, err
}

// choose returns the rows named in the comma-separated list, or all of them if it is empty. With a
// size they are the curves' at that size.
func choose(list string, size int) ([]job, error) {
	var known []job
	if size >= 0 {
		known = jobsAt(size)
	} else {
		for _, r := range rows {
			known = append(known, job{r, 1024, 1})
		}
	}
	if list == "" {
		return known, nil
	}
	var chosen []job
next:
	for _, name := range strings.Split(list, ",") {
		for _, each := range known {
			if each.name == name {
				chosen = append(chosen, each)
				continue next
			}
		}
		return nil, fmt.Errorf("no row %q", name)
	}
	return chosen, nil
}
