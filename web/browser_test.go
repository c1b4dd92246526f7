package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"wingmirror/web/browsertest"
)

func startBrowser(t *testing.T, w *world) *browsertest.Browser {
	t.Helper()
	return startBrowserOn(t, handler(t, w.options()))
}

func startBrowserOn(t *testing.T, h http.Handler) *browsertest.Browser {
	t.Helper()
	browsertest.Require(t)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return browsertest.Start(t, server.URL)
}
