package graphitetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// StartGraphiteWeb runs carbon-cache and graphite-web under gunicorn, as
// Debian's packages graphite-carbon, graphite-web and gunicorn install them, in
// a temporary directory. It skips the test when a program is not there, and in
// short mode. It takes about two seconds.
func StartGraphiteWeb(tb testing.TB) *Backend {
	tb.Helper()
	if testing.Short() {
		tb.Skip("a real graphite-web is not for short mode")
	}
	for _, program := range []string{"carbon-cache", "graphite-manage", "gunicorn"} {
		if _, err := exec.LookPath(program); err != nil {
			tb.Skipf("%v; install graphite-carbon, graphite-web and gunicorn", err)
		}
	}
	dir := tb.TempDir()
	ports := freePorts(tb, 4) // web, line, pickle, query
	startCarbon(tb, dir, ports)

	environ := []string{
		"PYTHONPATH=" + dir, "DJANGO_SETTINGS_MODULE=graphite.settings", "GRAPHITE_SETTINGS_MODULE=test_settings",
	}
	writeFile(tb, filepath.Join(dir, "test_settings.py"), strings.NewReplacer("@DIR", dir, "@CARBONLINK", ports[3]).Replace(djangoSettings))
	writeFile(tb, filepath.Join(dir, "storage", "index"), "")
	migrate := exec.Command("graphite-manage", "migrate", "--run-syncdb", "--noinput")
	migrate.Env = append(os.Environ(), environ...)
	if output, err := migrate.CombinedOutput(); err != nil {
		tb.Fatalf("graphite-manage migrate: %v\n%s", err, output)
	}
	process(tb, environ, "gunicorn", "--bind", ports[0], "--workers", "2", "--worker-tmp-dir", dir, "graphite.wsgi:application")
	waitTCP(tb, ports[1])
	waitHTTP(tb, "http://"+ports[0]+"/version")
	return &Backend{URL: "http://" + ports[0], Kind: "graphite-web", tb: tb, line: ports[1]}
}

func startCarbon(tb testing.TB, dir string, ports []string) {
	tb.Helper()
	conf := filepath.Join(dir, "conf")
	writeFile(tb, filepath.Join(conf, "storage-schemas.conf"), schemas)
	for _, sub := range []string{"whisper", "log", "storage"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	config := writeFile(tb, filepath.Join(conf, "carbon.conf"), strings.NewReplacer(
		"@DIR", dir, "@LINE", port(ports[1]), "@PICKLE", port(ports[2]), "@QUERY", port(ports[3])).Replace(carbonConf))
	process(tb, nil, "carbon-cache", "--config="+config, "--pidfile="+filepath.Join(dir, "carbon.pid"),
		"--logdir="+filepath.Join(dir, "log"), "--nodaemon", "start")
}

// The limits on creates and updates, and the caches of graphite-web below,
// would otherwise hide new points for up to a minute.
const carbonConf = `[cache]
STORAGE_DIR = @DIR/storage
LOCAL_DATA_DIR = @DIR/whisper
CONF_DIR = @DIR/conf
LOG_DIR = @DIR/log
PID_DIR = @DIR
USER =
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = @LINE
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = @PICKLE
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = @QUERY
MAX_CACHE_SIZE = inf
MAX_CREATES_PER_MINUTE = inf
MAX_UPDATES_PER_SECOND = inf
CARBON_METRIC_INTERVAL = 0
ENABLE_TAGS = False
`

const djangoSettings = `
SECRET_KEY = 'only-for-tests'
ALLOWED_HOSTS = ['*']
CONF_DIR = '@DIR/conf'
STORAGE_DIR = '@DIR/storage'
LOG_DIR = '@DIR/log'
WHISPER_DIR = '@DIR/whisper'
STANDARD_DIRS = ['@DIR/whisper']
INDEX_FILE = '@DIR/storage/index'
CARBONLINK_HOSTS = ['@CARBONLINK']
FIND_CACHE_DURATION = 0
DEFAULT_CACHE_DURATION = 0
LOG_ROTATION = False
DATABASES = {'default': {'NAME': '@DIR/storage/graphite.db', 'ENGINE': 'django.db.backends.sqlite3'}}
`
