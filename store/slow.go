package store

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"gorm.io/gorm/logger"
)

// slowAfter is how long a statement may take before the log names it.
const slowAfter = time.Second

// slowLog is gorm's logger. It logs slow statements only: an error of a statement
// goes to the caller, who knows what it means, and a request that its caller gave
// up is none. What it does not log it does not format either.
type slowLog struct{ log *slog.Logger }

// LogMode has no meaning here.
func (l slowLog) LogMode(logger.LogLevel) logger.Interface { return l }

// Info is for what gorm says while it is set up.
func (l slowLog) Info(_ context.Context, text string, data ...any) {
	l.log.Debug("gorm: " + fmt.Sprintf(text, data...))
}

// Warn is for what gorm says while it is set up.
func (l slowLog) Warn(_ context.Context, text string, data ...any) {
	l.log.Warn("gorm: " + fmt.Sprintf(text, data...))
}

// Error is for what gorm says while it is set up.
func (l slowLog) Error(_ context.Context, text string, data ...any) {
	l.log.Warn("gorm: " + fmt.Sprintf(text, data...))
}

// Trace is called after each statement.
func (l slowLog) Trace(_ context.Context, begun time.Time, describe func() (statement string, rows int64), err error) {
	took := time.Since(begun)
	if err != nil || took < slowAfter {
		return
	}
	statement, rows := describe()
	l.log.Warn("slow statement", "took", took, "rows", rows, "sql", statement)
}

// ParamsFilter keeps values out of the log.
func (l slowLog) ParamsFilter(_ context.Context, statement string, _ ...any) (string, []any) {
	return statement, nil
}
