package graphitetest_test

import (
	"testing"
	"time"

	"wingmirror/graphite/graphitetest"
)

func TestBackends_ShowWhatIsFed(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *graphitetest.Backend{
		"graphite-web":    graphitetest.StartGraphiteWeb,
		"carbonapi":       graphitetest.StartCarbonAPI,
		"victoriametrics": graphitetest.StartVictoriaMetrics,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backend := start(t)
			minute := time.Now().Unix() / 60 * 60
			backend.Feed("app.web1.rate", minute-60, 12.5)
			backend.Await("app.web1.rate", minute-60)
			backend.Feed("app.web1.rate", minute, 13)
			backend.Await("app.web1.rate", minute)
		})
	}
}
