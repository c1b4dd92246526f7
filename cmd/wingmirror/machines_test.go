package main

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRecovered_ABrokenRequestIsAnErrorInTheLog(t *testing.T) {
	var said bytes.Buffer
	h := recovered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broken") }), slog.New(slog.NewTextHandler(&said, nil)))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/ping/secret/x", nil))
	if w.Code != http.StatusInternalServerError || !strings.Contains(said.String(), "level=ERROR") || strings.Contains(said.String(), "secret") {
		t.Errorf("%d, %s", w.Code, said.String())
	}
}

func TestNewHTTPServer_WaitsForNobodyForEver(t *testing.T) {
	s := newHTTPServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if s.ReadHeaderTimeout == 0 || s.IdleTimeout == 0 {
		t.Errorf("head %s, idle %s", s.ReadHeaderTimeout, s.IdleTimeout)
	}
}

func TestHookCaller_TellsNoSecretOfAnAddress(t *testing.T) {
	err := hookCaller{&http.Client{}}.Post(t.Context(), "http://127.0.0.1:1/hook?token=hidden", nil)
	if err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("got %v", err)
	}
}

func TestPacemakerKeys_TellNoPasswordOfTheirAddress(t *testing.T) {
	if place := (pacemakerKeys{from: "https://rad:hidden@keys.example.com/api_keys.json"}).place(); strings.Contains(place, "hidden") {
		t.Errorf("got %s", place)
	}
}
