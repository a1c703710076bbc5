package picture

import (
	"bytes"
	"errors"
	"image/png"
	"math"
	"testing"
	"time"
)

// TestTimelapse checks that a timelapse is a valid still of its first frame for other decoders,
// and contains all frames.
func TestTimelapse(t *testing.T) {
	for _, name := range []string{"f.png", "F.APNG", "f.webp"} {
		t.Run(name, func(t *testing.T) {
			timelapse, err := NewTimelapse(name, 20)
			if err != nil {
				t.Fatal(err)
			}
			first := clouds(1, 20, 10, [3]float64{100, 120, 140}, 20)
			for i := range 3 {
				p := first
				if i > 0 {
					p = clouds(uint64(i), 40, 20, [3]float64{60, 120, 20}, 20)
				}
				if err := timelapse.Add(p); err != nil {
					t.Fatal(err)
				}
			}
			var b bytes.Buffer
			if err := timelapse.Encode(&b); err != nil {
				t.Fatal(err)
			}
			got, err := srgb(Decode(t.Context(), bytes.NewReader(b.Bytes()), name, Limits{}))
			if err != nil {
				t.Fatal(err)
			}
			if !equalPictures(got, first) {
				t.Error("the first frame is another picture")
			}
			frames := 0
			for id := range pngChunks(b.Bytes()) {
				if id == "fcTL" {
					frames++
				}
			}
			for id := range riffChunks(b.Bytes()[riffHeaderLen:]) {
				if id == "ANMF" {
					frames++
				}
			}
			if frames != 3 {
				t.Errorf("%d frames", frames)
			}
			timelapse.LastFor = 10 * time.Hour // more than the formats hold
			if err := timelapse.Encode(new(bytes.Buffer)); err != nil || timelapse.milliseconds(2) != math.MaxUint16 {
				t.Errorf("the last frame is shown for %d ms, %v", timelapse.milliseconds(2), err)
			}
			if err := timelapse.Encode(&fullDisk{room: 100}); err == nil {
				t.Error("a full disk goes unnoticed")
			}
		})
	}
	if _, err := NewTimelapse("timelapse.gif", 1); !errors.Is(err, ErrFormat) {
		t.Errorf("got %v, want ErrFormat", err)
	}
}

type fullDisk struct{ room int }

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > d.room {
		return 0, errors.New("no space")
	}
	d.room -= len(p)
	return len(p), nil
}

func TestContactSheet(t *testing.T) {
	if ContactSheet(nil, 0, 10, 10) != nil {
		t.Error("a sheet of nothing")
	}
	var pictures []SheetPicture
	for range 5 {
		pictures = append(pictures, SheetPicture{clouds(3, 30, 20, [3]float64{10, 10, 10}, 3), "a label that is far too long for it"})
	}
	sheet := ContactSheet(pictures, 0, 60, 60)
	if sheet.W != 2*72+12 || sheet.H != 3*76+12 {
		t.Errorf("%d x %d pixels", sheet.W, sheet.H)
	}
	// In the middle of the first field there is its picture, beside it paper.
	if dark, light := sheet.rgb(30*sheet.W+40), sheet.rgb(3*sheet.W+3); dark[0] > 30 || light[0] < 200 {
		t.Errorf("the first picture is %v, the paper %v", dark, light)
	}
	if row := ContactSheet(pictures, 5, 60, 60); row.W != 5*72+12 || row.H != 76+12 {
		t.Errorf("a row of five has %d x %d pixels", row.W, row.H)
	}
	// A label that needs more room than its picture gets it.
	tall := []SheetPicture{{clouds(3, 10, 60, [3]float64{10, 10, 10}, 3), "as it is"}}
	if sheet := ContactSheet(tall, 0, 120, 120); sheet.W < 40+2*12 || sheet.W > 120 {
		t.Errorf("a narrow picture's sheet is %d pixels wide", sheet.W)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, sheet.Image()); err != nil {
		t.Fatal(err)
	}
}
