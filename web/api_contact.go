package web

import (
	"cmp"
	"context"
	"strings"
	"time"

	"wingmirror/monitor"
)

// contactBody is a contact group as it is sent and received.
type contactBody struct {
	Name          string     `json:"name" required:"false" doc:"What follows group: in a monitor's alerts; small letters, digits, - and _" example:"ops"`
	Former        []string   `json:"former" required:"false" readOnly:"true" nullable:"true" doc:"Names it had before; whatever still says one reaches it"`
	Version       int        `json:"version" required:"false" doc:"Grows with each save; a save must name the version that it replaces, here or as a parameter"`
	Description   string     `json:"description" required:"false"`
	Members       []string   `json:"members" required:"false" nullable:"true" doc:"Destinations, as in a monitor's alerts; one text may hold several, a line each" example:"[\"mailto:ann@example.com\"]"`
	Hours         string     `json:"hours" required:"false" doc:"When its members are on duty; empty is always" example:"Mon-Fri 08:00-18:00, Sat 10:00-14:00"`
	Zone          string     `json:"timezone" required:"false" doc:"IANA name of the hours' zone; empty is UTC" example:"Europe/Berlin"`
	Otherwise     string     `json:"otherwise" required:"false" doc:"Name of the group that is told outside of the hours; empty: nobody is"`
	EscalateAfter string     `json:"escalate_after" required:"false" doc:"How long nobody may have acknowledged before the next group is told" example:"15m"`
	EscalateTo    string     `json:"escalate_to" required:"false" doc:"Name of the group that is told then; empty: nobody is"`
	OnDuty        string     `json:"on_duty" required:"false" readOnly:"true" doc:"Name of the group that would be told now: this one, or one that stands in; empty when nobody would be"`
	UpdatedAt     *time.Time `json:"updated_at,omitempty" required:"false" readOnly:"true"`
	UpdatedBy     string     `json:"updated_by" required:"false" readOnly:"true"`
}

// toContactBody shows members without their keys to those who may not change them.
func (s *server) toContactBody(ctx context.Context, g monitor.ContactGroup) contactBody {
	return contactBody{
		Name: g.Name, Former: nonNil(g.Former), Version: g.Version, Description: g.Description, Members: nonNil(shownAlerts(ctx, g.Members)), Hours: g.Hours.String(), Zone: g.Zone,
		Otherwise: g.Otherwise, EscalateAfter: durationText(g.Escalation.After), EscalateTo: g.Escalation.To,
		OnDuty: s.Contacts.OnDuty(g.Name, s.Now()), UpdatedAt: timeOrNil(g.UpdatedAt), UpdatedBy: g.UpdatedBy,
	}
}

// group returns the group that the body describes, and what could not be read of it.
func (b contactBody) group() (monitor.ContactGroup, monitor.FieldErrors) {
	g := monitor.ContactGroup{
		Name: b.Name, Version: b.Version, Description: b.Description, Zone: b.Zone,
		Otherwise: b.Otherwise, Escalation: monitor.Escalation{To: b.EscalateTo},
	}
	for _, text := range b.Members {
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			if d, err := monitor.ParseDestination(line); err == nil {
				line = string(d) // its one spelling; what is wrong with others is said when the whole is checked
			}
			g.Members = append(g.Members, line)
		}
	}
	var errs monitor.FieldErrors
	var err error
	if g.Hours, err = monitor.ParseHours(b.Hours); err != nil {
		errs = append(errs, monitor.AllFieldErrors(err)...)
	}
	if b.EscalateAfter != "" {
		if g.Escalation.After, err = time.ParseDuration(b.EscalateAfter); err != nil {
			errs = append(errs, monitor.Invalid("escalate_after", "%q is not a duration; write for example 15m", b.EscalateAfter))
		}
	}
	return g, errs
}

type contactOutput struct{ Body contactBody }

type contactsOutput struct {
	Body struct {
		Contacts []contactBody `json:"contacts"`
		Next     string        `json:"next,omitempty" doc:"after of the next part; left out on the last"`
	}
}

func (s *server) apiContacts(ctx context.Context, in *monitor.Part[string]) (*contactsOutput, error) {
	all, err := s.Contacts.ContactGroups(ctx)
	if err != nil {
		return nil, err
	}
	out := &contactsOutput{}
	out.Body.Contacts = []contactBody{}
	all, out.Body.Next = monitor.PartAfter(all, func(g monitor.ContactGroup) string { return g.Name }, in.After, in.Limit)
	for _, g := range all {
		out.Body.Contacts = append(out.Body.Contacts, s.toContactBody(ctx, g))
	}
	return out, nil
}

type createContactInput struct{ Body contactBody }

func (s *server) apiCreateContact(ctx context.Context, in *createContactInput) (*contactOutput, error) {
	in.Body.Version = 0
	return s.saveContact(ctx, in.Body, "contact.create")
}

type updateContactInput struct {
	Name    string `path:"name"`
	Version int    `query:"version" minimum:"0" doc:"That is replaced; without it the body's version counts"`
	Body    contactBody
}

func (s *server) apiUpdateContact(ctx context.Context, in *updateContactInput) (*contactOutput, error) {
	in.Body.Name, in.Body.Version = in.Name, cmp.Or(in.Version, in.Body.Version)
	if in.Body.Version == 0 {
		return nil, monitor.Invalid("version", "name the version that this replaces; GET /api/v1/contacts to learn it")
	}
	return s.saveContact(ctx, in.Body, "contact.update")
}

func (s *server) saveContact(ctx context.Context, body contactBody, action string) (*contactOutput, error) {
	g, errs := body.group()
	if len(errs) > 0 {
		return nil, errs
	}
	saved, err := s.Contacts.SaveContactGroup(ctx, g, author(ctx), s.Now())
	if err != nil {
		return nil, err
	}
	s.record(ctx, action, "contact/"+saved.Name, "")
	s.changed()
	return &contactOutput{Body: s.toContactBody(ctx, saved)}, nil
}

type renameContactInput struct {
	Name string `path:"name"`
	Body struct {
		Name string `json:"name" doc:"The new name: small letters, digits, - and _" example:"ops"`
	}
}

func (s *server) apiRenameContact(ctx context.Context, in *renameContactInput) (*contactOutput, error) {
	renamed, err := s.Contacts.RenameContactGroup(ctx, in.Name, in.Body.Name, author(ctx), s.Now())
	if err != nil {
		return nil, err
	}
	s.record(ctx, "contact.rename", "contact/"+renamed.Name, "was "+in.Name)
	s.changed()
	return &contactOutput{Body: s.toContactBody(ctx, renamed)}, nil
}

type contactInput struct {
	Name string `path:"name"`
}

func (s *server) apiDeleteContact(ctx context.Context, in *contactInput) (*struct{}, error) {
	if err := s.Contacts.DeleteContactGroup(ctx, in.Name); err != nil {
		return nil, err
	}
	s.record(ctx, "contact.delete", "contact/"+in.Name, "")
	s.changed()
	return &struct{}{}, nil
}

// unknownGroups says which contact groups alerts name that there are none of.
func (s *server) unknownGroups(ctx context.Context, alerts []string) (monitor.FieldErrors, error) {
	var names []string
	if s.Contacts != nil {
		all, err := s.Contacts.ContactGroups(ctx)
		if err != nil {
			return nil, err
		}
		names = monitor.GroupNames(all)
	}
	return monitor.CheckGroups(alerts, names), nil
}
