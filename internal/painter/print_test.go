package painter

import (
	"testing"
	"time"
)

func TestRoughly(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Millisecond: "a second", 40 * time.Second: "40 seconds", 91 * time.Second: "2 minutes",
		3*time.Hour + time.Minute: "3 hours", 50 * time.Hour: "2 days",
	} {
		if got := roughly(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}
