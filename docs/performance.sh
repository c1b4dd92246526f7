#!/usr/bin/env bash
# Measures every figure of docs/performance.md again: some 30 minutes on an idle
# machine. Prints what the page says to look for; write what you get into the page.
# With an argument, only the sections whose names match it: docs/performance.sh 'burst|ruby'
set -euo pipefail
cd "$(dirname "$0")/.."
export CGO_ENABLED=0
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
wingmirror=$directory/wingmirror
go build -trimpath -o "$wingmirror" ./cmd/wingmirror

section() {
  name=$1
  shift
  [[ $name =~ ${only:-.} ]] || return 0
  printf '\n== %s   (load average %s)\n$ %s\n' "$name" "$(cut -d' ' -f1 /proc/loadavg)" "${*/"$wingmirror"/wingmirror}"
  "$@"
}
only=${1:-}
gobench() { go test "$1" -run '^$' -bench "$2" -benchtime "$3"; }

grep -m1 'model name' /proc/cpuinfo || true
date -u +%F
section burst "$wingmirror" bench --monitors 10000 --burst --for 60s
section slow-graphite "$wingmirror" bench --monitors 5000 --latency 200ms --schedule '0 * * * * *' --burst --for 60s
section sustained "$wingmirror" bench --monitors 5000 --for 60s
section hostile "$wingmirror" bench --monitors 5000 --latency 200ms --schedule 'H * * * * *' --for 60s --hang 1% --exhaust 1%
section hostile-burst "$wingmirror" bench --monitors 5000 --burst --for 60s --hang 1% --exhaust 1%
section ruby "$wingmirror" bench --monitors 1000 --for 20s --ruby
section decode gobench ./graphite 'DecodeJSON|StandardDecoder' 1s
section lateness gobench ./scheduler 'Lateness' 1x
section isolation gobench ./sandbox 'PriceOfIsolation' 100x
section sandbox gobench ./sandbox 'Typical|Latency|Start|KillAndReplace|IdleMemory|TenThousand' 2s
section engine gobench ./sandbox/engine 'Run_' 1s
section store gobench ./store 'Commit_Steady|RunRow' 20000x
section reading gobench ./store 'Commit_Fire|PackDetail|Overview|Runs' 1s
section outbox gobench ./alerting 'Decide|Desk|Outbox' 1s
section pages gobench ./web 'MonitorsPage_Stored' 100x
section backtest gobench ./cmd/wingmirror 'Backtest_Week' 1s
section heartbeats "$wingmirror" bench heartbeats --for 20s
section events env GOMAXPROCS=1 go test ./event -run '^$' -bench 'Engine$' -benchtime 2000000x
section anomalies gobench ./anomaly 'Update' 1s
section histograms "$wingmirror" histograms benchmark --speed 2000
section gate gobench ./web/boards 'Gate' 100000x
