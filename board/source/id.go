package source

import "github.com/google/uuid"

// The older API knows rationales by UUIDs that follow from their IDs and the
// number of the source that brought them.

// ownIDs is the namespace of IDs that are neither UUIDs nor links.
func ownIDs() uuid.UUID { return uuid.MustParse("656cf8aa-25bd-11e7-a9eb-68f7288416b6") }

// LinkID returns the ID of a rationale that is known by its link only.
func LinkID(link string) string { return uuid.NewSHA1(uuid.NameSpaceURL, []byte(link)).String() }

// StatusID returns a rationale's ID as a UUID: the ID itself when it is one.
func StatusID(id string) uuid.UUID {
	if known, err := uuid.Parse(id); err == nil {
		return known
	}
	return uuid.NewSHA1(ownIDs(), []byte(id))
}

// StoredID returns the UUID of a rationale of the source with the given number.
func StoredID(id string, number string) string {
	return uuid.NewSHA1(StatusID(id), []byte(number)).String()
}
