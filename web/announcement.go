package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"wingmirror/account"
	"wingmirror/monitor"
)

// Announcements keeps what people put on top of every page.
type Announcements interface {
	// Announcements returns those that are not over at a time, newest first.
	Announcements(ctx context.Context, at time.Time) ([]monitor.Announcement, error)
	// AllAnnouncements returns those with a number below before, where that is not
	// 0, newest first.
	AllAnnouncements(ctx context.Context, before int64, limit int) ([]monitor.Announcement, error)
	Announcement(ctx context.Context, id int64) (monitor.Announcement, error)
	// SaveAnnouncement stores a new one (ID 0) or the next version of one that is there.
	SaveAnnouncement(ctx context.Context, a monitor.Announcement, author string, at time.Time) (monitor.Announcement, error)
}

func (s *server) announcementRoutes() []Route {
	if s.Announcements == nil {
		return nil
	}
	const all, one = "/api/v1/announcements", "/api/v1/announcements/{id}"
	return []Route{
		route(http.MethodGet, "/announcements", viewer, Page(s.announcementsPage)),
		route(http.MethodGet, all, viewer, Op(s.apiAnnouncements, "List announcements, newest first")),
		route(http.MethodPost, all, editor, Op(s.apiCreateAnnouncement, "Put a sentence on top of every page", http.StatusCreated)),
		route(http.MethodGet, one, viewer, Op(s.apiAnnouncement, "Get an announcement")),
		route(http.MethodPut, one, editor, Op(s.apiUpdateAnnouncement, "Change an announcement; who put it away sees it again")),
		route(http.MethodPost, one+"/end", editor, Op(s.apiEndAnnouncement, "Take an announcement off the pages")),
	}
}

// announced is one announcement on a page.
type announced struct {
	monitor.Announcement
	Level string // whose sign and colour it has; "" for none
}

// Mark names this version of the announcement, for whoever puts it away.
func (a announced) Mark() string { return fmt.Sprintf("%d-%d", a.ID, a.Version) }

func toAnnounced(a monitor.Announcement) announced {
	if a.Kind == monitor.AnnounceInfo {
		return announced{Announcement: a}
	}
	return announced{a, string(a.Kind)}
}

// putAwayCookie remembers in the browser which announcements its reader has put
// away, as marks with dots between, so that they are not in the page at all.
const putAwayCookie = "announcements"

const (
	shownArchive = 10                  // announcements at the foot of the board
	archiveAge   = 14 * 24 * time.Hour // since they ended
)

// announcementStrip is what the layout shows of announcements.
type announcementStrip struct {
	Kept    bool        // there may be some: the page looks for news
	Now     []announced // in force and not put away, the worst first
	Archive []announced // over for not too long, newest first
}

// announcements are those for whoever asks. A page must not fail for their sake.
func (s *server) announcements(r *http.Request, v View) announcementStrip {
	if s.Announcements == nil || s.Access != nil && account.From(r.Context()).Kind == account.Nobody {
		return announcementStrip{}
	}
	now, found := s.Now(), announcementStrip{Kept: true}
	all, err := s.Announcements.Announcements(r.Context(), now)
	if err != nil {
		s.Log.Warn("announcements cannot be shown", "error", err)
	}
	var away []string
	if c, err := r.Cookie(putAwayCookie); err == nil {
		away = strings.Split(c.Value, ".")
	}
	for _, one := range all {
		a := toAnnounced(one)
		if a.Status(now) == monitor.SilenceActive && (v.Bare || !slices.Contains(away, a.Mark())) {
			found.Now = append(found.Now, a)
		}
	}
	slices.SortStableFunc(found.Now, func(a, b announced) int {
		return slices.Index(monitor.AnnouncementKinds(), b.Kind) - slices.Index(monitor.AnnouncementKinds(), a.Kind)
	})
	if v.Archive && !v.Bare {
		found.Archive = s.archive(r.Context(), now)
	}
	return found
}

func (s *server) archive(ctx context.Context, now time.Time) []announced {
	all, err := s.Announcements.AllAnnouncements(ctx, 0, 5*shownArchive)
	if err != nil {
		s.Log.Warn("earlier announcements cannot be shown", "error", err)
	}
	var over []announced
	for _, a := range all {
		if len(over) < shownArchive && a.Shown() && a.Status(now) == monitor.SilenceOver && now.Sub(a.Until) < archiveAge {
			over = append(over, toAnnounced(a))
		}
	}
	return over
}
