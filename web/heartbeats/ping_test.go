package heartbeats

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

func (w *world) heartbeat(name string) (monitor.Heartbeat, monitor.HeartbeatState, []monitor.Beat) {
	w.t.Helper()
	v, err := w.book.Get(monitor.HeartbeatRef{Space: "other", Name: name})
	if err != nil {
		w.t.Fatal(err)
	}
	beats, err := w.db.Beats(w.t.Context(), v.Heartbeat.ID, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	return v.Heartbeat, v.State, beats
}

func TestPing_TakesWhatAnAddressSays(t *testing.T) {
	w := newWorld(t)
	w.want("GET", "/ping/99/backup", "", 201, "OK")
	w.want("HEAD", "/ping/99/backup", "", 200, "")
	w.want("POST", "/ping/99/backup/start?rid=r1", "", 200, "OK")
	w.at = w.at.Add(90 * time.Second)
	w.want("POST", "/ping/99/backup/0?rid=r1", "copied 3 files\nbye", 200, "OK")
	w.want("POST", "/ping/99/backup/log", "a note", 200, "OK")
	w.want("POST", "/ping/99/backup/2?metric=4.5", "\n disk full", 200, "it failed with exit status 2: disk full")
	w.want("GET", "/ping/99/backup/fail", "", 200, "critical: it says that it failed")
	h, state, beats := w.heartbeat("backup")
	if state.Level != monitor.Critical || len(beats) != 7 || h.Schedule.Kind != "" {
		t.Fatalf("%+v, %d beats", state, len(beats))
	}
	end := beats[3]
	if end.Took != 90*time.Second || *end.Code != 0 || end.Run != "r1" || end.Note != "copied 3 files" || end.BodySize != 18 {
		t.Errorf("the end of the run is kept as %+v", end)
	}
	if body, err := w.db.BeatBody(t.Context(), h.ID, end.N); err != nil || string(body) != "copied 3 files\nbye" {
		t.Errorf("its body is %q, %v", body, err)
	}
	if *beats[1].Metric != 4.5 || *beats[1].Code != 2 {
		t.Errorf("the failure is kept as %+v", beats[1])
	}
}

func TestPing_TheFirstOneMayNameTheSchedule(t *testing.T) {
	w := newWorld(t)
	for query, want := range map[string]monitor.HeartbeatSchedule{
		"a?period=5m&grace=2m":                       {Kind: monitor.SchedulePeriod, Period: 5 * time.Minute, Grace: 2 * time.Minute},
		"b?period=300":                               {Kind: monitor.SchedulePeriod, Period: 5 * time.Minute},
		"c?cron=0+2+*+*+1-5&tz=Europe/Berlin":        {Kind: monitor.ScheduleCron, Spec: "0 2 * * 1-5", Zone: "Europe/Berlin"},
		"d?oncalendar=Mon..Fri+*-*-*+02:00&grace=1d": {Kind: monitor.ScheduleCalendar, Spec: "Mon..Fri *-*-* 02:00", Grace: 24 * time.Hour},
		"e?tz=Asia/Tokyo":                            {Zone: "Asia/Tokyo"},
	} {
		w.want("GET", "/ping/99/"+query, "", 201, "OK")
		if h, _, _ := w.heartbeat(query[:1]); h.Schedule != want {
			t.Errorf("%s: %+v, want %+v", query, h.Schedule, want)
		}
	}
	_, state, _ := w.heartbeat("c")
	if want := time.Date(2026, 3, 5, 1, 0, 0, 0, time.UTC); !state.Expected.Equal(want) {
		t.Errorf("the next beat is expected at %s, want %s", state.Expected, want)
	}
}

func TestPing_SaysWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	w.want("GET", "/ping/nobody/backup", "", http.StatusUnauthorized, "key is not known")
	w.want("GET", "/ping/99", "", http.StatusNotFound, "/ping/KEY/NAME")
	w.want("GET", "/ping/99/backup/strat", "", 400, "/start, /fail, /log")
	w.want("GET", "/ping/99/backup/256", "", 400, "exit status")
	w.want("GET", "/ping/99/backup?period=soon", "", 400, "period: ")
	w.want("GET", "/ping/99/backup?cron=61+*+*+*+*", "", 400, "cron: minute")
	w.want("GET", "/ping/99/backup?oncalendar=Moon", "", 400, "oncalendar: ")
	w.want("GET", "/ping/99/backup?cron=0+2+*+*+*&period=5m", "", 400, "one of period, cron and oncalendar")
	w.want("GET", "/ping/99/backup?tz=Mars/Olympus", "", 400, "tz: ")
	w.want("GET", "/ping/99/backup?metric=NaN", "", 400, "metric")
	w.want("DELETE", "/ping/99/backup", "", http.StatusMethodNotAllowed, "GET, HEAD or POST")
	w.want("GET", "/ping/99/"+strings.Repeat("x", 300), "", 400, "name")
	w.want("GET", "/ping/99/a%00b", "", 400, "name")
	if n := len(w.book.List("")); n != 0 {
		t.Errorf("%d heartbeats were made by requests that are wrong", n)
	}
	w.want("POST", "/ping/99/backup", strings.Repeat("x", 10<<20), 201, "OK")
	h, _, beats := w.heartbeat("backup")
	if body, err := w.db.BeatBody(t.Context(), h.ID, beats[0].N); err != nil || len(body) != monitor.MaxBeatBody {
		t.Errorf("of a body of 10 MB %d bytes are kept, %v", len(body), err)
	}
}

func FuzzPing(f *testing.F) {
	f.Add("backup/start", "rid=1&period=5m", "body")
	f.Add("x/255", "oncalendar=daily&tz=UTC&metric=-1e3", "\xff\xfe")
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, path, query, body string) {
		w.t = t
		r, err := http.NewRequest(http.MethodPost, "http://x/ping/99/"+path+"?"+query, nil)
		if err != nil || r.URL.Path == "" || strings.Contains(r.URL.RequestURI(), " ") {
			t.Skip()
		}
		if code, text := w.ask("POST", r.URL.RequestURI(), body); code >= 500 {
			t.Fatalf("%q %q: %d %s", path, query, code, text)
		}
	})
}

func FuzzScheduleOf(f *testing.F) {
	f.Add("period=5m&grace=2m")
	f.Add("cron=0+2+*+*+1-5&tz=Europe/Berlin")
	f.Add("oncalendar=Mon..Fri+*-*-*+02:00&grace=1d")
	f.Add("period=9999999999d&grace=-1s&tz=Local")
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Skip()
		}
		s, err := scheduleOf(values)
		if err == nil && s != nil && monitor.ValidateSchedule(*s) != nil {
			t.Fatalf("%q gives %+v, which is not valid", query, s)
		}
	})
}
