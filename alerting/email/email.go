// Package email delivers notices as mail: one mail to each destination, as text
// and as HTML that reads well on light and dark grounds, with the run's graph in
// it. All mails of an incident are one thread.
//
// What the server says about the mail itself is final when it begins with 5;
// everything else (no connection, no login, a reply that begins with 4) is tried
// again. The password goes over the wire and nowhere else, and never in the
// clear unless the address of the server asks for it.
package email

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"wingmirror/alerting"
	"wingmirror/monitor"
)

// Options are what New needs. Server and From are required.
type Options struct {
	Server        Server
	From          string         // address of the sender, with or without a name
	SubjectPrefix string         // in front of every subject
	Links         alerting.Links // into our own pages
	TLS           *tls.Config    // nil: the system's authorities, the server's own name
	HELO          string         // what to call ourselves; default the domain of From
	Timeout       time.Duration  // for one step of the conversation, default 20 s

	// Picture draws the graph of a message as PNG; nil or an empty answer: the
	// mail has none.
	Picture func(monitor.Message) ([]byte, error)
}

// Channel delivers by SMTP.
type Channel struct {
	o    Options
	from mail.Address
}

// New returns a channel. A sender that is no address is ErrInvalid.
func New(o Options) (*Channel, error) {
	from, err := mail.ParseAddress(o.From)
	if err != nil {
		return nil, monitor.Invalid("mail-from", "%q is not a mail address: %v", o.From, err)
	}
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second
	}
	if o.HELO == "" {
		o.HELO = domain(from.Address)
	}
	return &Channel{o: o, from: *from}, nil
}

func domain(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// Deliver sends one mail.
func (c *Channel) Deliver(ctx context.Context, n monitor.Notice) (monitor.Receipt, error) {
	var receipt monitor.Receipt
	msg, err := c.compose(n, c.o.Picture)
	if err != nil {
		return receipt, alerting.Permanent(err)
	}
	if receipt.Request, err = c.Render(n); err != nil {
		return receipt, alerting.Permanent(err)
	}
	client, err := c.o.Server.client(c.o)
	if err != nil {
		return receipt, alerting.Permanent(err)
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if msg.IsDelivered() { // whatever went wrong afterwards, such as a goodbye that was not answered
		receipt.Answer = msg.ServerResponse()
		return receipt, nil
	}
	return receipt, judge(c.o.Server, err)
}

// Render returns the mail as it goes over the wire, but for the picture.
func (c *Channel) Render(n monitor.Notice) (string, error) {
	msg, err := c.compose(n, nil)
	if err != nil {
		return "", err
	}
	msg.SetEncoding(gomail.NoEncoding)
	var out bytes.Buffer
	if _, err := msg.WriteTo(&out); err != nil {
		return "", fmt.Errorf("write mail: %w", err)
	}
	return strings.ReplaceAll(out.String(), "\r\n", "\n"), nil
}

// judge turns an SMTP error into the dispatcher's terms.
func judge(server Server, err error) error {
	if err == nil {
		return errors.New("the mail was not taken, and the server did not say why")
	}
	if refused, ok := errors.AsType[*gomail.SendError](err); ok && refused.ErrorCode() >= 500 && !refused.IsTemp() {
		return alerting.Permanent(fmt.Errorf("the mail server %s refused the mail: %w", server.Address(), err))
	}
	return fmt.Errorf("send by %s: %w", server.Address(), err)
}

// compose writes the mail.
func (c *Channel) compose(n monitor.Notice, picture func(monitor.Message) ([]byte, error)) (*gomail.Msg, error) {
	m := n.Message
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&c.from)
	if err := msg.To(n.Destination.Rest()); err != nil {
		return nil, fmt.Errorf("address %s: %w", n.Destination.Rest(), err)
	}
	msg.Subject(c.subject(m))
	msg.SetDateWithValue(n.CreatedAt)
	c.thread(msg, n)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetGenHeader("X-Wingmirror-Incident", oneLine(n.Incident))
	if m.Level == monitor.Critical {
		msg.SetImportance(gomail.ImportanceHigh)
	}
	view := c.view(n)
	if picture != nil && len(m.Graph) > 0 {
		if png, err := picture(m); err == nil && len(png) > 0 { // a mail without its picture is better than none
			view.Picture = pictureName
			if err := msg.EmbedReader(pictureName, bytes.NewReader(png), gomail.WithFileContentID("<"+pictureName+">")); err != nil {
				return nil, fmt.Errorf("add the picture: %w", err)
			}
		}
	}
	if err := msg.SetBodyTextTemplate(textTemplate(), view); err != nil {
		return nil, fmt.Errorf("write text: %w", err)
	}
	if err := msg.AddAlternativeHTMLTemplate(htmlTemplate(), view); err != nil {
		return nil, fmt.Errorf("write HTML: %w", err)
	}
	return msg, nil
}

const pictureName = "graph.png"

// maxSubject keeps a subject on a line or two of a list of mails, in bytes.
const maxSubject = 200

func (c *Channel) subject(m monitor.Message) string {
	subject := alerting.Headline(m)
	if c.o.SubjectPrefix != "" {
		subject = strings.TrimSpace(c.o.SubjectPrefix) + " " + subject
	}
	return monitor.Cut(oneLine(subject), maxSubject)
}

func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }), " ")
}

// thread makes all mails of an incident one thread: the fire has an id made from
// the incident's key, and the others refer to it. A mail that is sent again
// after a crash has the id it had before, so that mail programs show it once.
func (c *Channel) thread(msg *gomail.Msg, n monitor.Notice) {
	sum := sha256.Sum256([]byte(n.Incident + "\n" + string(n.Destination)))
	root := hex.EncodeToString(sum[:12])
	at := "@" + domain(c.from.Address)
	if kind := n.Message.Kind; kind == monitor.NoticeFire || kind == monitor.NoticeHandOver { // the first that this address gets
		msg.SetMessageIDWithValue(root + at)
		return
	}
	msg.SetMessageIDWithValue(root + "." + strconv.FormatInt(n.ID, 10) + at)
	if n.Message.Kind != monitor.NoticeTest {
		msg.SetGenHeaderPreformatted("In-Reply-To", "<"+root+at+">")
		msg.SetGenHeaderPreformatted("References", "<"+root+at+">")
	}
}
