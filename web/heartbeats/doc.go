// Package heartbeats is the room of heartbeats: its pages and its part of the
// API, the addresses that jobs ping, Pacemaker's own API for its clients, and
// badges.
//
// Pages and API go through the guard of all pages; whoever pings has nothing but
// a key, or for a badge the badge's own address, so those handlers stand beside
// the pages and check for themselves. Everything that is known and decided about
// heartbeats is the package heartbeat's.
package heartbeats
