package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Argon is the cost of one argon2id computation.
type Argon struct {
	Memory  uint32 // KiB
	Time    uint32 // passes over the memory
	Threads uint8
}

// DefaultArgon returns the second recommendation of RFC 9106: 64 MiB, 3 passes,
// 4 lanes.
func DefaultArgon() Argon { return Argon{Memory: 64 << 10, Time: 3, Threads: 4} }

const (
	saltBytes = 16
	sumBytes  = 32
)

// phc is a parsed password hash in the PHC string format,
// $argon2id$v=19$m=65536,t=3,p=4$SALT$SUM with unpadded base64.
type phc struct {
	cost Argon
	salt []byte
	sum  []byte
}

// The bounds of what is accepted from a database: wide enough for hashes from
// elsewhere, narrow enough that none of them stops the server.
const (
	maxArgonMemory  = 1 << 20 // 1 GiB
	maxArgonTime    = 20
	maxArgonThreads = 64
	minSalt, minSum = 8, 16
	maxSalt, maxSum = 64, 64
)

func parsePHC(text string) (phc, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" {
		return phc{}, fmt.Errorf("a password hash has five parts that start with $")
	}
	if parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, fmt.Errorf("only argon2id in version %d is understood", argon2.Version)
	}
	cost, err := parseCost(parts[3])
	if err != nil {
		return phc{}, err
	}
	salt, err := strictBase64(parts[4], minSalt, maxSalt)
	if err != nil {
		return phc{}, fmt.Errorf("salt: %w", err)
	}
	sum, err := strictBase64(parts[5], minSum, maxSum)
	if err != nil {
		return phc{}, fmt.Errorf("sum: %w", err)
	}
	return phc{cost, salt, sum}, nil
}

func parseCost(text string) (Argon, error) {
	fields := strings.Split(text, ",")
	if len(fields) != 3 {
		return Argon{}, fmt.Errorf("the parameters are m, t and p")
	}
	var values [3]uint64
	for i, name := range []string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(fields[i], name)
		value, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || digits != strconv.FormatUint(value, 10) {
			return Argon{}, fmt.Errorf("parameter %d is not %s and a number", i+1, name)
		}
		values[i] = value
	}
	m, t, p := values[0], values[1], values[2]
	if p < 1 || p > maxArgonThreads || t < 1 || t > maxArgonTime || m < 8*p || m > maxArgonMemory {
		return Argon{}, fmt.Errorf("parameters %s are out of bounds", text)
	}
	return Argon{Memory: uint32(m), Time: uint32(t), Threads: uint8(p)}, nil
}

func strictBase64(text string, least, most int) ([]byte, error) {
	// The decoder skips line ends, which the format does not know.
	if strings.ContainsAny(text, "\r\n") {
		return nil, fmt.Errorf("line ends within base64")
	}
	data, err := base64.RawStdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, err
	}
	if len(data) < least || len(data) > most {
		return nil, fmt.Errorf("%d bytes are not between %d and %d", len(data), least, most)
	}
	return data, nil
}

func (p phc) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		p.cost.Memory, p.cost.Time, p.cost.Threads, b64.EncodeToString(p.salt), b64.EncodeToString(p.sum))
}

// hasher computes password hashes, no more at once than there is memory for.
type hasher struct {
	cost  Argon
	slots chan struct{}
	decoy phc // compared with when there is no hash; no password gives its sum
}

func newHasher(cost Argon) *hasher {
	decoy := phc{cost: cost, salt: make([]byte, saltBytes), sum: make([]byte, sumBytes)}
	rand.Read(decoy.salt)
	rand.Read(decoy.sum)
	return &hasher{cost: cost, slots: make(chan struct{}, max(2, runtime.GOMAXPROCS(0)/2)), decoy: decoy}
}

// hash returns the PHC string of a password. The error is the context's.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	p := phc{cost: h.cost, salt: make([]byte, saltBytes), sum: make([]byte, sumBytes)}
	rand.Read(p.salt)
	sum, err := h.compute(ctx, password, p)
	p.sum = sum
	return p.String(), err
}

// verdict is what became of comparing a password with a hash.
type verdict struct {
	ok     bool
	stale  bool  // the hash should be made anew, with today's cost
	broken error // the hash cannot be read; ok is false
}

// verify compares a password with a PHC string. It takes as long without one
// ("") and with a broken one as with a good one. The error is the context's.
func (h *hasher) verify(ctx context.Context, encoded, password string) (verdict, error) {
	want, broken := h.decoy, error(nil)
	if encoded != "" {
		if parsed, err := parsePHC(encoded); err != nil {
			broken = err
		} else {
			want = parsed
		}
	}
	sum, err := h.compute(ctx, password, want)
	if err != nil {
		return verdict{}, err
	}
	same := subtle.ConstantTimeCompare(sum, want.sum) == 1
	usable := encoded != "" && broken == nil
	return verdict{
		ok:     same && usable,
		stale:  usable && (want.cost != h.cost || len(want.salt) < saltBytes || len(want.sum) != sumBytes),
		broken: broken,
	}, nil
}

func (h *hasher) compute(ctx context.Context, password string, p phc) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a password to be checked: %w", context.Cause(ctx))
	}
	// The same letters can be typed as different code points.
	normal := norm.NFKC.Bytes([]byte(password))
	return argon2.IDKey(normal, p.salt, p.cost.Time, p.cost.Memory, p.cost.Threads, uint32(len(p.sum))), nil
}
