package account

import (
	"strings"
	"testing"
	"time"

	"wingmirror/monitor"
)

func TestCheckPassword_CountsCharactersAndNothingElse(t *testing.T) {
	for _, password := range []string{
		goodPassword, otherPassword, "correct pony paperclip lamp", "четыре слова подряд", "龍が如く歩く人の長い影と月光",
		"kjhq wbnv ptzr xmlc", "💡 lamp 🪜 ladder 🐙", strings.Repeat("long sentence number nine. ", 9), "hunter2 lives in the attic",
		"               x y z q w v b", "aaaaaaaaaa but then something else",
	} {
		if err := CheckPassword("ann", password); err != nil && len([]rune(password)) >= MinPassword {
			t.Errorf("%q: %v", password, err)
		}
	}
	for _, password := range []string{
		"", "fourteen chars", "длинныйпароль!", strings.Repeat("x7 ", 100), "a heron waits \xff by the weir", "a heron waits\nby the weir",
	} {
		wantField(t, CheckPassword("ann", password), "password")
	}
}

func TestCheckPassword_RefusesWhatOthersWouldTryFirst(t *testing.T) {
	for _, password := range []string{
		"passwordpassword", "Password 12345678", "123456789012345", "abcdefghijklmnop", "qwertyuiopasdfgh", "aaaaaaaaaaaaaaaa",
		"abababababababab", "wingmirror-admin-1", "annannannannannann", "ann.smith ann.smith", "Ann Smith 1234567", "ann smith password!",
		"correct horse battery staple", "11111111111111112", "2026202620262026", "zyxwvutsrqponmlk", "wingmirror2026!!", "abcabcabcabcabc",
		"               ", "1qaz2wsx3edc4rfv", "adminadminadmin1",
	} {
		if err := CheckPassword("ann.smith@example.com", password); err == nil {
			t.Errorf("%q is accepted", password)
		}
	}
}

func FuzzCheckPassword(f *testing.F) {
	f.Add("ann", goodPassword)
	f.Add("ann", "abcdefghijklmnopqrst")
	f.Add("", "\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301")
	f.Fuzz(func(t *testing.T, name, password string) {
		begun := time.Now()
		err := CheckPassword(name, password)
		if err == nil && len([]rune(password)) < MinPassword/18 { // NFKC makes at most 18 characters of one
			t.Errorf("%q is accepted", password)
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("%d bytes took %s", len(password), took)
		}
		if err != nil && monitor.AllFieldErrors(err) == nil {
			t.Errorf("%v is about no field", err)
		}
	})
}
