package web

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wingmirror/monitor"
)

// announcementBody is an announcement as it is sent and received.
type announcementBody struct {
	ID        int64      `json:"id" readOnly:"true" required:"false" doc:"Given when it is created"`
	Version   int        `json:"version" required:"false" doc:"Grows with each change; a change must name the version that it replaces, here or in If-Match"`
	Kind      string     `json:"kind" required:"false" doc:"How it looks: info, ok, warning or critical; left out: info" example:"warning"`
	Text      string     `json:"text" required:"false" doc:"What everybody should know: one paragraph of plain text" example:"The database moves tonight from 22:00. Late heartbeats are expected."`
	From      *time.Time `json:"from,omitempty" required:"false" doc:"When it appears; left out: now"`
	Until     *time.Time `json:"until,omitempty" required:"false" doc:"When it goes; left out: when somebody ends it"`
	Status    string     `json:"status" readOnly:"true" required:"false" doc:"active, waiting or over"`
	Author    string     `json:"author" readOnly:"true" required:"false"`
	CreatedAt *time.Time `json:"created_at,omitempty" readOnly:"true" required:"false"`
	UpdatedAt *time.Time `json:"updated_at,omitempty" readOnly:"true" required:"false"`
	UpdatedBy string     `json:"updated_by" readOnly:"true" required:"false"`
}

func toAnnouncementBody(a monitor.Announcement, at time.Time) announcementBody {
	return announcementBody{
		ID: a.ID, Version: a.Version, Kind: string(a.Kind), Text: a.Text, From: timeOrNil(a.From), Until: timeOrNil(a.Until), Status: string(a.Status(at)),
		Author: a.Author, CreatedAt: timeOrNil(a.CreatedAt), UpdatedAt: timeOrNil(a.UpdatedAt), UpdatedBy: a.UpdatedBy,
	}
}

func (b announcementBody) announcement(now time.Time) monitor.Announcement {
	a := monitor.Announcement{ID: b.ID, Version: b.Version, Kind: monitor.AnnouncementKind(b.Kind), Text: strings.TrimSpace(b.Text), From: now}
	if b.Kind == "" {
		a.Kind = monitor.AnnounceInfo
	}
	if b.From != nil {
		a.From = *b.From
	}
	if b.Until != nil {
		a.Until = *b.Until
	}
	return a
}

type announcementsInput struct {
	PageInput
	Status string `query:"status" enum:"active,waiting,over" doc:"Only announcements that stand like this"`
}

type announcementsOutput struct {
	Body struct {
		Announcements []announcementBody `json:"announcements"`
		Next          int64              `json:"next,omitempty" doc:"before of the next page; left out on the last"`
	}
}

func (s *server) apiAnnouncements(ctx context.Context, in *announcementsInput) (*announcementsOutput, error) {
	out := &announcementsOutput{}
	out.Body.Announcements = []announcementBody{}
	now, before := s.Now(), in.Before
	for {
		found, err := s.Announcements.AllAnnouncements(ctx, before, in.Limit+1)
		if err != nil {
			return nil, err
		}
		for _, a := range found {
			if in.Status != "" && string(a.Status(now)) != in.Status {
				continue
			}
			if n := len(out.Body.Announcements); n == in.Limit {
				out.Body.Next = out.Body.Announcements[n-1].ID
				return out, nil
			}
			out.Body.Announcements = append(out.Body.Announcements, toAnnouncementBody(a, now))
		}
		if len(found) <= in.Limit {
			return out, nil
		}
		before = found[in.Limit].ID
	}
}

type announcementOutput struct {
	ETag string `header:"ETag"`
	Body announcementBody
}

func (s *server) apiAnnouncement(ctx context.Context, in *idInput) (*announcementOutput, error) {
	a, err := s.Announcements.Announcement(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &announcementOutput{etag(a.Version), toAnnouncementBody(a, s.Now())}, nil
}

type createAnnouncementInput struct{ Body announcementBody }

func (s *server) apiCreateAnnouncement(ctx context.Context, in *createAnnouncementInput) (*announcementOutput, error) {
	in.Body.ID, in.Body.Version = 0, 0
	return s.checkAnnouncement(ctx, "announcement.create", in.Body.announcement(s.Now()))
}

type updateAnnouncementInput struct {
	ID      int64  `path:"id" minimum:"1"`
	IfMatch string `header:"If-Match" doc:"ETag of the announcement that is replaced; without it the body's version counts"`
	Body    announcementBody
}

func (s *server) apiUpdateAnnouncement(ctx context.Context, in *updateAnnouncementInput) (*announcementOutput, error) {
	named, err := replaced(in.IfMatch, &in.Body.Version, "announcement")
	if err != nil {
		return nil, err
	}
	in.Body.ID = in.ID
	if in.Body.From == nil {
		stored, err := s.Announcements.Announcement(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		in.Body.From = &stored.From
	}
	out, err := s.checkAnnouncement(ctx, "announcement.update", in.Body.announcement(s.Now()))
	return out, precondition(err, named)
}

func (s *server) apiEndAnnouncement(ctx context.Context, in *idInput) (*announcementOutput, error) {
	a, err := s.Announcements.Announcement(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	if a.Status(now) == monitor.SilenceOver {
		return nil, fmt.Errorf("announcement %d is over already: %w", a.ID, monitor.ErrConflict)
	}
	a.Until = now
	return s.saveAnnouncement(ctx, "announcement.end", a)
}

func (s *server) checkAnnouncement(ctx context.Context, action string, a monitor.Announcement) (*announcementOutput, error) {
	if err := monitor.ValidateAnnouncement(a, s.Now()); err != nil {
		return nil, err
	}
	return s.saveAnnouncement(ctx, action, a)
}

func (s *server) saveAnnouncement(ctx context.Context, action string, a monitor.Announcement) (*announcementOutput, error) {
	saved, err := s.Announcements.SaveAnnouncement(ctx, a, author(ctx), s.Now())
	if err != nil {
		return nil, err
	}
	s.record(ctx, action, "announcement/"+strconv.FormatInt(saved.ID, 10), fmt.Sprintf("version %d, %s: %s", saved.Version, saved.Kind, monitor.Cut(saved.Text, 400)))
	s.changed()
	return &announcementOutput{etag(saved.Version), toAnnouncementBody(saved, s.Now())}, nil
}
