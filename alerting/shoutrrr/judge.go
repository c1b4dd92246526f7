package shoutrrr

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/discord"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/googlechat"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/lark"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/mattermost"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/rocketchat"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/signal"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/teams"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/wecom"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/zulip"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/incident/opsgenie"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/bark"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/gotify"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/ifttt"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/join"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/pushbullet"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/pushover"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/specialized/notifiarr"
	"github.com/nicholas-fedor/shoutrrr/pkg/util/jsonclient"

	"wingmirror/alerting"
)

// judge turns the library's errors into the dispatcher's terms.
func judge(address string, err error) error {
	if err == nil {
		return nil
	}
	masked := errors.New(mask(address, err.Error()))
	if errors.Is(err, router.ErrUnknownService) || errors.Is(err, router.ErrParseURLFailed) {
		return alerting.Permanent(masked)
	}
	if _, ok := errors.AsType[*addressError](err); ok && !strings.HasPrefix(address, "matrix:") {
		return alerting.Permanent(masked)
	}
	if code := status(err); code >= 400 && code < 500 && code != http.StatusRequestTimeout && code != http.StatusTooManyRequests {
		return alerting.Permanent(masked)
	}
	return masked
}

// status is what a service answered, 0 when the library does not say. Each service
// says it in a way of its own.
func status(err error) int {
	if answered, ok := errors.AsType[jsonclient.Error](err); ok {
		return answered.StatusCode
	}
	if answered, ok := errors.AsType[*jsonclient.Error](err); ok {
		return answered.StatusCode
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if code := ownStatus(e); code > 0 {
			return code
		}
	}
	for _, sentinel := range withStatus() {
		if !errors.Is(err, sentinel) {
			continue
		}
		_, rest, _ := strings.Cut(err.Error(), sentinel.Error())
		if found := statusAfter.FindStringSubmatch(rest); found != nil {
			code, _ := strconv.Atoi(found[1])
			return code
		}
	}
	return 0
}

// ownStatus reads the errors of Telegram, ntfy, Matrix and Pushbullet. Their types
// are not all exported, but they are the service's JSON: error_code is a status, and
// of ntfy's code the first three digits of five are. Matrix and Pushbullet say in a
// word what they refuse; they are given the status that most of these go with.
func ownStatus(err error) int {
	if said, ok := err.(*pushbullet.ResponseError); ok { //nolint:errorlint // each error of the chain is looked at
		if strings.HasPrefix(said.ErrorData.Type, "invalid") {
			return http.StatusBadRequest
		}
		return 0
	}
	text, marshalErr := json.Marshal(err)
	var answer struct {
		ErrorCode int    `json:"error_code"`
		Code      int    `json:"code"`
		Matrix    string `json:"errcode"`
	}
	if marshalErr != nil || json.Unmarshal(text, &answer) != nil {
		return 0
	}
	switch {
	case slices.Contains(matrixRefusals(), answer.Matrix):
		return http.StatusForbidden
	case answer.Code >= 10_000:
		return answer.Code / 100
	}
	return answer.ErrorCode
}

// matrixRefusals are the codes of Matrix that no further attempt can mend, see
// https://spec.matrix.org/latest/client-server-api/#standard-error-response. What
// is not here, such as M_LIMIT_EXCEEDED and M_UNKNOWN, is tried again.
func matrixRefusals() []string {
	return []string{
		"M_FORBIDDEN", "M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_DEACTIVATED", "M_NOT_FOUND", "M_BAD_JSON", "M_NOT_JSON",
		"M_INVALID_PARAM", "M_INVALID_USERNAME", "M_GUEST_ACCESS_FORBIDDEN", "M_TOO_LARGE", "M_UNRECOGNIZED",
	}
}

// withStatus are the errors behind whose own text the library writes the status,
// and nowhere else.
func withStatus() []error {
	return []error{
		discord.ErrUnexpectedStatus, googlechat.ErrUnexpectedStatus, lark.ErrSendFailed, mattermost.ErrSendFailed, rocketchat.ErrNotificationFailed,
		signal.ErrSendFailed, teams.ErrSendFailedStatus, wecom.ErrSendFailed, zulip.ErrResponseStatusFailure, opsgenie.ErrUnexpectedStatus,
		bark.ErrUnexpectedStatus, gotify.ErrUnexpectedStatus, ifttt.ErrUnexpectedStatus, join.ErrSendFailed, pushover.ErrSendFailed,
		notifiarr.ErrUnexpectedStatus,
	}
}

// statusAfter is how they write it.
var statusAfter = regexp.MustCompile(`^: (?:server returned status |unexpected status |"[^"]*", response status ")?([1-5][0-9][0-9])\b`)
