package web

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// bodyTime is how long a sender may take for the body of a request.
const bodyTime = 30 * time.Second

// TimedBody ends a request whose body does not come, so that nobody holds a
// connection by sending little by little. Once the body is there, whatever
// answers may take its time. A connection that knows no deadlines has none.
func TimedBody(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	control := http.NewResponseController(w)
	if control.SetReadDeadline(time.Now().Add(bodyTime)) == nil {
		r.Body = &timedBody{r.Body, control}
	}
}

type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
}

// Read takes the deadline away at the body's end.
func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		_ = b.control.SetReadDeadline(time.Time{}) // it could be set
	}
	return n, err
}
