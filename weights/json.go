package weights

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// A headerReader reads the JSON of a header token by token. Unmarshal would keep only
// the last of several values with the same key.
type headerReader struct{ *json.Decoder }

func newHeaderReader(text []byte) headerReader {
	r := headerReader{json.NewDecoder(bytes.NewReader(text))}
	r.UseNumber()
	return r
}

// object reads an object. It calls member with each key; member must read the value.
func (r headerReader) object(member func(key string) error) error {
	if err := r.delimiter('{'); err != nil {
		return err
	}
	for r.More() {
		key, err := r.text()
		if err != nil {
			return err
		}
		if err := member(key); err != nil {
			return err
		}
	}
	return r.delimiter('}')
}

// naturals reads an array of at most max integers from 0 to 2^63-1. The result is not
// nil.
func (r headerReader) naturals(most int) ([]int64, error) {
	if err := r.delimiter('['); err != nil {
		return nil, err
	}
	list := []int64{}
	for r.More() {
		t, err := r.token()
		if err != nil {
			return nil, err
		}
		number, isNumber := t.(json.Number)
		v, err := strconv.ParseUint(string(number), 10, 63)
		if !isNumber || err != nil {
			return nil, r.fail(t, "an integer from 0 to 2^63-1")
		}
		if len(list) == most {
			return nil, r.fail(t, fmt.Sprintf("at most %d integers", most))
		}
		list = append(list, int64(v))
	}
	return list, r.delimiter(']')
}

// text reads a string.
func (r headerReader) text() (string, error) {
	t, err := r.token()
	if err != nil {
		return "", err
	}
	text, ok := t.(string)
	if !ok {
		return "", r.fail(t, "a string")
	}
	return text, nil
}

// delimiter reads a bracket or brace.
func (r headerReader) delimiter(want json.Delim) error {
	t, err := r.token()
	if err != nil {
		return err
	}
	if t != want {
		return r.fail(t, strconv.Quote(want.String()))
	}
	return nil
}

// end checks that only white space is left.
func (r headerReader) end() error {
	t, err := r.Token()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: at byte %d of the header, after its end: %w", ErrMalformed, r.InputOffset(), err)
	}
	return r.fail(t, "nothing but spaces")
}

func (r headerReader) token() (json.Token, error) {
	t, err := r.Token()
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%w: at byte %d of the header: it ends in the middle of its JSON", ErrMalformed, r.InputOffset())
	case err != nil:
		return nil, fmt.Errorf("%w: at byte %d of the header: %w", ErrMalformed, r.InputOffset(), err)
	}
	return t, nil
}

// fail returns the error of an unexpected token.
func (r headerReader) fail(t json.Token, expected string) error {
	return fmt.Errorf("%w: at byte %d of the header: found %s, expected %s", ErrMalformed, r.InputOffset(), quote(fmt.Append(nil, t)), expected)
}

// quote quotes text from a file for an error.
func quote(text []byte) string {
	const most = 64
	if len(text) > most {
		return strconv.Quote(string(text[:most])) + "..."
	}
	return strconv.Quote(string(text))
}
