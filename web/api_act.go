package web

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"wingmirror/monitor"
)

type incidentInput struct {
	ID int64 `path:"id" minimum:"1"`
}

type noteInput struct {
	ID   int64 `path:"id" minimum:"1"`
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"4000"`
	}
}

type incidentOutput struct{ Body incidentBody }

func (s *server) apiIncident(ctx context.Context, in *incidentInput) (*incidentOutput, error) {
	i, _, err := s.Incidents.Incident(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &incidentOutput{Body: toIncident(i)}, nil
}

func (s *server) apiAcknowledge(ctx context.Context, in *incidentInput) (*incidentOutput, error) {
	return s.act(ctx, in.ID, "incident.acknowledge", "", func(i monitor.Incident) error {
		about, err := s.about(ctx, i.Subject)
		if err == nil {
			_, err = s.Desk.Acknowledge(ctx, i.Subject, about, author(ctx), s.Now())
		}
		return err
	})
}

func (s *server) apiUnacknowledge(ctx context.Context, in *incidentInput) (*incidentOutput, error) {
	return s.act(ctx, in.ID, "incident.unacknowledge", "", func(i monitor.Incident) error {
		_, err := s.Desk.Unacknowledge(ctx, i.Subject, author(ctx), s.Now())
		return err
	})
}

func (s *server) apiNote(ctx context.Context, in *noteInput) (*incidentOutput, error) {
	text := strings.TrimSpace(in.Body.Text)
	if text == "" {
		return nil, monitor.Invalid("text", "write what you found out")
	}
	return s.act(ctx, in.ID, "incident.note", monitor.Cut(text, 200), func(i monitor.Incident) error {
		_, err := s.Desk.Note(ctx, i.Subject, text, author(ctx), s.Now())
		return err
	})
}

func (s *server) apiCloseIncident(ctx context.Context, in *incidentInput) (*incidentOutput, error) {
	return s.act(ctx, in.ID, "incident.close", "", func(i monitor.Incident) error {
		about, err := s.about(ctx, i.Subject)
		if err == nil {
			_, err = s.Desk.CloseByHand(ctx, i.Subject, about, author(ctx), s.Now())
		}
		return err
	})
}

// act does something with an incident that is still open.
func (s *server) act(ctx context.Context, id int64, action, detail string, do func(monitor.Incident) error) (*incidentOutput, error) {
	i, _, err := s.Incidents.Incident(ctx, id)
	if err != nil {
		return nil, err
	}
	if !i.ClosedAt.IsZero() {
		return nil, fmt.Errorf("the incident is over already: %w", monitor.ErrConflict)
	}
	if err := do(i); err != nil {
		return nil, err
	}
	s.record(ctx, action, "incident/"+strconv.FormatInt(id, 10), detail)
	s.changed()
	return s.apiIncident(ctx, &incidentInput{ID: id})
}

// about is what a message says of a subject; of a deleted monitor, nothing but its subject.
func (s *server) about(ctx context.Context, subject monitor.Subject) (monitor.Message, error) {
	about := monitor.Message{Subject: subject}
	id, err := strconv.ParseInt(subject.Key, 10, 64)
	if subject.Kind != monitor.KindMonitor || err != nil {
		return s.aboutOther(ctx, subject)
	}
	m, err := s.Library.Monitor(ctx, id)
	if errors.Is(err, monitor.ErrNotFound) {
		return about, nil
	}
	about.Name, about.Group, about.Labels, about.Description = m.Name, m.Group, m.Labels, m.Description
	return about, err
}

func (s *server) aboutOther(ctx context.Context, subject monitor.Subject) (monitor.Message, error) {
	about := monitor.Message{Subject: subject}
	if s.Subjects == nil {
		return about, nil
	}
	w, err := s.Subjects.Watched(ctx, subject)
	if errors.Is(err, monitor.ErrNotFound) {
		return about, nil
	}
	if err != nil {
		return about, err
	}
	return w.About(), nil
}

type deliveryInput struct {
	ID int64 `path:"id" minimum:"1"`
}

type deliveryOutput struct{ Body deliveryBody }

// apiRetry makes a notice due again that failed for good or waits for its next try.
func (s *server) apiRetry(ctx context.Context, in *deliveryInput) (*deliveryOutput, error) {
	if err := s.Outbox.Retry(ctx, in.ID, s.Now()); err != nil {
		return nil, err
	}
	s.record(ctx, "delivery.retry", "delivery/"+strconv.FormatInt(in.ID, 10), "")
	s.changed()
	return s.apiDelivery(ctx, in)
}

func (s *server) apiDelivery(ctx context.Context, in *deliveryInput) (*deliveryOutput, error) {
	n, attempts, err := s.Incidents.Notice(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &deliveryOutput{Body: toDelivery(n, attempts)}, nil
}

// record writes an act into the audit log. The act has happened by then, so a
// log that cannot be written is a matter for whoever runs the program.
func (s *server) record(ctx context.Context, action, subject, detail string) {
	if s.Access == nil {
		return
	}
	if err := s.Access.Record(ctx, action, subject, detail); err != nil {
		s.Log.Error("an act is missing in the audit log", "action", action, "subject", subject, "error", err)
	}
}
