package web_test

import (
	"testing"
	"time"
)

func TestProblem_SaysWhereInTheRequestTheFieldStands(t *testing.T) {
	w := newWorld(t, time.Now)
	w.fill()
	_, o := announcing(t, w, w.options())
	h := handler(t, o)
	for _, sc := range []scenario{
		{name: "in the address of an operation", method: "GET", path: "/api/v1/incidents?subject=x", status: 422, contains: []string{`"query.subject"`}},
		{name: "a bound of the document", method: "GET", path: "/api/v1/incidents?limit=0", status: 422, contains: []string{`"query.limit"`}},
		{name: "in a header", method: "PUT", path: "/api/v1/announcements/1", header: map[string]string{"If-Match": `"x"`}, body: `{"text": "x"}`, status: 422, contains: []string{`"header.If-Match"`}},
		{name: "in the body", method: "POST", path: "/api/v1/announcements", body: `{}`, status: 422, contains: []string{`"body.text"`}},
	} {
		sc.run(t, h)
	}
}
