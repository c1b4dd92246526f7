package monitor

import "testing"

func TestSubscription_WantsWhatItAskedFor(t *testing.T) {
	for _, row := range []struct {
		from   DC
		better bool
		change BoardChange
		want   bool
	}{
		{DC3, false, BoardChange{From: DC5, To: DC3}, true},
		{DC3, false, BoardChange{From: DC5, To: DC4}, false},
		{DC4, false, BoardChange{From: DC5, To: DC4}, true},
		{DC1, false, BoardChange{From: DC5, To: DC2}, false},
		{DC1, false, BoardChange{From: DC2, To: DC1}, true},
		{DC3, false, BoardChange{From: DC3, To: DC1}, true},
		{DC3, false, BoardChange{From: DC1, To: DC3}, false},
		{DC3, true, BoardChange{From: DC1, To: DC3}, true},
		{DC3, false, BoardChange{From: DC1, To: DC4}, true},
		{DC3, true, BoardChange{From: DC4, To: DC5}, false},
		{DC3, false, BoardChange{To: DC2}, true},
		{DC3, true, BoardChange{To: DC5}, false},
	} {
		if got := (Subscription{From: row.from, Better: row.better}).Wants(row.change); got != row.want {
			t.Errorf("from %v, better %v, %v to %v: got %v", row.from, row.better, row.change.From, row.change.To, got)
		}
	}
}

func TestValidateDCInfo_NamesTheField(t *testing.T) {
	if err := ValidateDCInfo(DCInfo{Name: "freeze", Effects: "Nothing."}); err != nil {
		t.Error(err)
	}
	errs := AllFieldErrors(ValidateDCInfo(DCInfo{Name: "two\nlines", Effects: string(make([]byte, 600))}))
	if len(errs) != 2 || errs[0].Field != "name" || errs[1].Field != "effects" {
		t.Errorf("got %v", errs)
	}
}
