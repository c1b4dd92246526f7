package main

import (
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersion_NamesTheModuleOrElseTheCommit(t *testing.T) {
	setting := func(key, value string) debug.BuildSetting { return debug.BuildSetting{Key: key, Value: value} }
	const commit = "0123456789abcdef0123456789abcdef01234567"
	for want, info := range map[string]*debug.BuildInfo{
		"v1.2.3":             {Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{setting("vcs.revision", commit)}},
		"0123456789ab":       {Main: debug.Module{Version: "(devel)"}, Settings: []debug.BuildSetting{setting("vcs.revision", commit), setting("vcs.modified", "false")}},
		"0123456789ab+dirty": {Settings: []debug.BuildSetting{setting("vcs.revision", commit), setting("vcs.modified", "true")}},
		"development build":  {Main: debug.Module{Version: "(devel)"}},
	} {
		if got := versionOf(info); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	code, out, errs := invoke(t, nil, "version")
	if code != exitOK || !strings.HasPrefix(out, "wingmirror ") || !strings.Contains(out, runtime.Version()) || strings.Contains(out, "(devel)") {
		t.Errorf("version: %d %q %q", code, out, errs)
	}
}
