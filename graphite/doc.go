// Package graphite asks servers with Graphite's render API for series.
//
// A Client puts many targets into few requests and still knows which series
// belong to which target; it shares what several callers ask for at the same
// time, isolates the one target that makes a server refuse a whole request,
// and gives every target a status of its own. It has been measured against
// graphite-web, carbonapi with go-carbon, and VictoriaMetrics, whose errors and
// windows differ; what is tolerated and why is written where it is done.
//
// The package does not evaluate functions, keeps no points beyond a few
// seconds, and does not decide what a missing target means.
package graphite
