package main

import "wingmirror/sandbox/worker"

// workerCommand is the hidden command that the server starts its worker
// processes with.
const workerCommand = "worker"

// runWorker serves scripts on standard input and output until the server closes
// them.
func runWorker([]string) int { return worker.Main(worker.Goja) }
