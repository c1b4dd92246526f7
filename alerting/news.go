package alerting

import (
	"wingmirror/monitor"
)

// News makes notices of something that is no incident, for those whom the
// destinations lead to. All notices with the same key are about the same thing,
// as those of one incident are. There are none while the subject is silenced.
func (d *Desk) News(about monitor.Message, key string, destinations ...string) []monitor.Notice {
	if d.silence(about, about.At) != nil {
		return nil
	}
	var all []monitor.Notice
	for _, to := range d.audience(destinations, nil, about.At) {
		all = append(all, monitor.Notice{
			Incident: "wingmirror-" + d.o.Installation + "/" + key, Destination: monitor.Destination(to), Status: monitor.NoticePending,
			CreatedAt: about.At, NextAt: about.At, Message: about,
		})
	}
	return all
}
