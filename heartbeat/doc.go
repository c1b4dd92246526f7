// Package heartbeat takes the beats of jobs and services and says when one is
// missing, comes at the wrong time, took too long or carries an odd number.
//
// A Rhythm learns from arrivals how long to wait for the next one, and a Calendar
// which crontab they follow, so that nobody needs to set an interval. Every
// decision is a pure function of what was seen and the time that is passed in;
// the Book keeps what is known in memory and stores it through small interfaces;
// the watch looks only at the heartbeat whose deadline is next.
//
// The package sends nothing: what it finds are outcomes, which go the way of all
// outcomes. It does not speak HTTP.
package heartbeat
