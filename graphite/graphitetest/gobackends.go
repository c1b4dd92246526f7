package graphitetest

import (
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// goProgram is a main package and the module and version that hold it.
type goProgram struct{ module, version, path string }

// StartCarbonAPI builds, once for the machine, and runs go-carbon and
// carbonapi. It skips the test unless WINGMIRROR_TEST_CARBONAPI is 1: a first
// build downloads many modules.
func StartCarbonAPI(tb testing.TB) *Backend {
	tb.Helper()
	onlyIf(tb, "WINGMIRROR_TEST_CARBONAPI")
	carbonapi := build(tb, goProgram{"github.com/go-graphite/carbonapi", "v0.18.2", "github.com/go-graphite/carbonapi/cmd/carbonapi"})
	gocarbon := build(tb, goProgram{"github.com/go-graphite/go-carbon", "v0.19.1", "github.com/go-graphite/go-carbon"})
	dir := tb.TempDir()
	ports := freePorts(tb, 3) // web, line, carbonserver
	writeFile(tb, filepath.Join(dir, "schemas.conf"), schemas)
	if err := os.MkdirAll(filepath.Join(dir, "whisper"), 0o755); err != nil {
		tb.Fatal(err)
	}
	replace := strings.NewReplacer("@DIR", dir, "@WEB", ports[0], "@LINE", ports[1], "@SERVER", ports[2])
	process(tb, nil, gocarbon, "-config", writeFile(tb, filepath.Join(dir, "go-carbon.conf"), replace.Replace(goCarbonConf)))
	waitTCP(tb, ports[1])
	waitTCP(tb, ports[2])
	process(tb, nil, carbonapi, "-config", writeFile(tb, filepath.Join(dir, "carbonapi.yaml"), replace.Replace(carbonAPIConf)))
	waitHTTP(tb, "http://"+ports[0]+"/version")
	return &Backend{URL: "http://" + ports[0], Kind: "carbonapi", tb: tb, line: ports[1]}
}

// StartVictoriaMetrics builds, once for the machine, and runs a single-node
// VictoriaMetrics. It skips the test unless WINGMIRROR_TEST_VICTORIAMETRICS is 1.
func StartVictoriaMetrics(tb testing.TB) *Backend {
	tb.Helper()
	onlyIf(tb, "WINGMIRROR_TEST_VICTORIAMETRICS")
	const module = "github.com/VictoriaMetrics/VictoriaMetrics"
	program := build(tb, goProgram{module, "v1.150.0", module + "/app/victoria-metrics"})
	ports := freePorts(tb, 2) // web, line
	process(tb, nil, program, "-storageDataPath="+tb.TempDir(), "-httpListenAddr="+ports[0], "-graphiteListenAddr="+ports[1],
		"-search.graphiteStorageStep=60s", "-search.latencyOffset=0s", "-retentionPeriod=1d")
	base := "http://" + ports[0]
	waitHTTP(tb, base+"/health")
	flush := func() {
		response, err := http.Get(base + "/internal/force_flush")
		if err != nil {
			tb.Fatal(err)
		}
		response.Body.Close()
	}
	return &Backend{URL: base, Kind: "victoriametrics", tb: tb, line: ports[1], flush: flush}
}

func onlyIf(tb testing.TB, variable string) {
	tb.Helper()
	if testing.Short() || os.Getenv(variable) != "1" {
		tb.Skipf("%s is not 1", variable)
	}
}

// build compiles a program into the user's cache and returns its path. It is
// built in a module of its own, because this module's requirements would choose
// other versions, and with its version written down, so that no version list is
// asked for.
func build(tb testing.TB, program goProgram) string {
	tb.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		tb.Skip(err)
	}
	binary := filepath.Join(cache, "wingmirror-test", path.Base(program.path)+"-"+program.version)
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	dir := tb.TempDir()
	writeFile(tb, filepath.Join(dir, "go.mod"), "module build\n\ngo 1.26.0\n\nrequire "+program.module+" "+program.version+"\n")
	command := exec.Command("go", "build", "-mod=mod", "-o", binary, program.path)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	command.Dir = dir
	if output, err := command.CombinedOutput(); err != nil {
		tb.Fatalf("go build %s: %v\n%s", program.path, err, output)
	}
	return binary
}

const goCarbonConf = `[common]
user = ""
metric-interval = "1h"
max-cpu = 2
[whisper]
data-dir = "@DIR/whisper"
schemas-file = "@DIR/schemas.conf"
workers = 2
enabled = true
[cache]
max-size = 1000000
[udp]
enabled = false
[tcp]
listen = "@LINE"
enabled = true
[pickle]
enabled = false
[carbonlink]
enabled = false
[grpc]
enabled = false
[carbonserver]
listen = "@SERVER"
enabled = true
query-cache-enabled = false
find-cache-enabled = false
glob-cache-enabled = false
trigram-index = false
scan-frequency = "0"
[[logging]]
logger = ""
file = "stderr"
level = "warn"
`

const carbonAPIConf = `listen: "@WEB"
cache:
   type: "null"
backendCache:
   type: "null"
maxBatchSize: 100
notFoundStatusCode: 200
upstreams:
    timeouts:
        find: "2s"
        render: "5s"
        connect: "200ms"
    backendsv2:
        backends:
          -
            groupName: "go-carbon"
            protocol: "carbonapi_v3_pb"
            lbMethod: "any"
            maxTries: 1
            maxBatchSize: 0
            servers:
                - "http://@SERVER"
logger:
    - logger: ""
      file: "stderr"
      level: "warn"
`
