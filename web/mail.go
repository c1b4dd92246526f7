package web

import (
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
)

// letterText is a mail as its receiver reads it: who, what about, and the text.
type letterText struct {
	From, To, Subject, Text string
}

// readLetter takes the plain text out of a mail as it went over the wire; nil
// when the request is none, such as JSON, or has no plain text.
func readLetter(request string) *letterText {
	m, err := mail.ReadMessage(strings.NewReader(request))
	if err != nil {
		return nil
	}
	text := plainText(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body, 0)
	if text == "" {
		return nil
	}
	var words mime.WordDecoder
	subject, err := words.DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		subject = m.Header.Get("Subject")
	}
	return &letterText{From: m.Header.Get("From"), To: m.Header.Get("To"), Subject: subject, Text: text}
}

// plainText returns the first text/plain part, at most three parts deep.
func plainText(contentType, encoding string, body io.Reader, depth int) string {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || depth > 3 {
		return ""
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextPart() // it has undone quoted-printable by itself
			if err != nil {
				return ""
			}
			if text := plainText(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part, depth+1); text != "" {
				return text
			}
		}
	}
	if kind != "text/plain" {
		return ""
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(io.LimitReader(body, 256<<10))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n"))
}
