// Command rival does in Go what bench/ does in TypeScript, and prints one JSON object:
//
//	{"go":"go1.19.8","nsPerOp":{"<row>":<median>,…},"rounds":{"<row>":[<ns>,…],…}}
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
}

// A job is a row with what its rounds are made of: first is how many operations the search for their
// length begins with, and unit what their number is a multiple of.
type job struct {
	row
	first, unit int
}

var rows = []row{
	{"sendReceiveOneThread", 1, sendReceiveOneThread},
	{"rendezvousOneThread", 1, rendezvousOneThread},
	{"buffered1024OneThread", 1, buffered1024OneThread},
	{"threadToThread1024", 2, threadToThread1024},
	{"threadToThread1024Locked", 2, threadToThread1024Locked},
	{"kib1ThreadToThread", 2, kib1ThreadToThread},
	{"kib1SliceThreadToThread", 2, kib1SliceThreadToThread},
	{"mpmc4x4", 2, mpmc4x4},
	{"selectTwoReady", 1, selectTwoReady},
	{"selectTwoWaiting", 1, selectTwoWaiting},
	{"mutexFree", 1, mutexFree},
	{"semaphoreFree", 1, semaphoreFree},
	{"semaphoreContended", 2, semaphoreContended},
	{"atomicFree", 1, atomicFree},
	{"atomicContended", 2, atomicContended},
	{"waitGroupFree", 1, waitGroupFree},
	{"barrierTwo", 2, barrierTwo},
	{"mutexContended", 2, mutexContended},
	{"mutexWork", 2, mutexWork},
	{"mutexOversubscribed", 2, mutexOversubscribed},
	{"mutexCrowd", 1, mutexCrowd},
	{"rwMutex0", 1, readersAndWriter(1)},
	{"rwMutex10", 1, readersAndWriter(1 << 10)},
	{"rwMutex19", 1, readersAndWriter(1 << 19)},
	{"goSpawnJoin", 1, goSpawnJoin},
	{"poolTask", 2, poolTask},
	{"poolBurst", 2, poolBurst},
	{"poolComputing", 2, poolComputing},
	{"mapOneIntReads", 1, mapOneThread(intKeys, "reads")},
	{"mapOneIntWrites", 1, mapOneThread(intKeys, "writes")},
	{"mapOneIntMixed", 1, mapOneThread(intKeys, "mixed")},
	{"mapOneTextReads", 1, mapOneThread(textKeys, "reads")},
	{"mapOneTextWrites", 1, mapOneThread(textKeys, "writes")},
	{"mapOneTextMixed", 1, mapOneThread(textKeys, "mixed")},
	{"mapTwoIntReads", 2, mapTwoThreads(intKeys, "reads")},
	{"mapTwoIntWrites", 2, mapTwoThreads(intKeys, "writes")},
	{"mapTwoIntMixed", 2, mapTwoThreads(intKeys, "mixed")},
	{"mapTwoTextReads", 2, mapTwoThreads(textKeys, "reads")},
	{"mapTwoTextWrites", 2, mapTwoThreads(textKeys, "writes")},
	{"mapTwoTextMixed", 2, mapTwoThreads(textKeys, "mixed")},
	{"pipeline", 1, pipeline},
	{"contextCancel", 1, contextCancel},
	{"contextCancelWaiting", 1, contextCancelWaiting},
	{"contextValue", 1, contextValue},
	{"contextSelect", 1, contextSelect},
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
	flag.Parse()

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
		measured, err := measure(r.run, r.first, r.unit, *rounds, *target)
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
