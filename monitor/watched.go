package monitor

// Watched is what is known of a subject besides its state, whatever its kind:
// what pages list, notices tell, silences match and the board gathers.
type Watched struct {
	Subject     Subject
	Name        string            // as people call it
	Group       string            // path-like, "" for none
	Description string            //
	Labels      map[string]string //
	Alerts      []string          // destinations and groups; none when nobody is told
	Policy      Policy            // zero fields are the installation's
	Active      bool              // false while it is switched off
}

// Watched returns what is known of the monitor as a subject.
func (m Monitor) Watched() Watched {
	return Watched{
		Subject: m.Subject(), Name: m.Name, Group: m.Group, Description: m.Description,
		Labels: m.Labels, Alerts: m.Alerts, Policy: m.Policy, Active: m.Active,
	}
}

// About is what every message about the subject says of it.
func (w Watched) About() Message {
	return Message{Subject: w.Subject, Name: w.Name, Group: w.Group, Labels: w.Labels, Description: w.Description}
}
