package weights

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// A scanner reads the JSON of a header in place and allocates nothing:
// encoding/json would spend several times the header's size on it, accept
// duplicate keys, and replace broken text instead of refusing it.
type scanner struct {
	text []byte // UTF-8; strings are unescaped in place
	pos  int
}

// object reads an object and calls member with each key, standing before its
// value, which member must read.
func (s *scanner) object(member func(key []byte) error) error {
	if err := s.expect('{'); err != nil {
		return err
	}
	if s.peek() == '}' {
		return s.expect('}')
	}
	for {
		key, err := s.str()
		if err != nil {
			return err
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		if err := member(key); err != nil {
			return err
		}
		if s.peek() != ',' {
			return s.expect('}')
		}
		s.pos++
	}
}

// naturals reads an array of integers into dst and returns the part it fills.
func (s *scanner) naturals(dst []int64) ([]int64, error) {
	if err := s.expect('['); err != nil {
		return nil, err
	}
	if s.peek() == ']' {
		return nil, s.expect(']')
	}
	for n := range dst {
		var err error
		if dst[n], err = s.natural(); err != nil {
			return nil, err
		}
		if s.peek() != ',' {
			return dst[:n+1], s.expect(']')
		}
		s.pos++
	}
	return nil, s.fail(fmt.Sprintf("at most %d integers", len(dst)))
}

// str reads a string. The result is a part of the text.
func (s *scanner) str() ([]byte, error) {
	if err := s.expect('"'); err != nil {
		return nil, err
	}
	start := s.pos
	end := start // behind start, as an escape is longer than what it stands for
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		if c < ' ' {
			break
		}
		s.pos++
		switch c {
		case '"':
			return s.text[start:end], nil
		case '\\':
			r, err := s.escape()
			if err != nil {
				return nil, err
			}
			end += utf8.EncodeRune(s.text[end:], r)
		default:
			s.text[end] = c
			end++
		}
	}
	return nil, s.fail("the rest of a string")
}

// escape reads what follows a backslash.
func (s *scanner) escape() (rune, error) {
	const letters, meanings = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if s.pos < len(s.text) {
		for i := range len(letters) {
			if s.text[s.pos] == letters[i] {
				s.pos++
				return rune(meanings[i]), nil
			}
		}
	}
	r, err := s.unicode()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if s.pos < len(s.text) && s.text[s.pos] == '\\' {
		s.pos++
		low, err := s.unicode()
		if err != nil {
			return 0, err
		}
		if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
			return r, nil
		}
	}
	return 0, s.fail("a pair of surrogates")
}

// unicode reads u and four hexadecimal digits.
func (s *scanner) unicode() (rune, error) {
	const length = len("u0000")
	if rest := s.text[s.pos:]; len(rest) >= length && rest[0] == 'u' {
		if v, err := strconv.ParseUint(string(rest[1:length]), 16, 16); err == nil {
			s.pos += length
			return rune(v), nil
		}
	}
	return 0, s.fail("an escape")
}

// natural reads an integer from 0 to 2^63-1.
func (s *scanner) natural() (int64, error) {
	s.peek()
	digits := s.text[s.pos:]
	n := 0
	for n < len(digits) && '0' <= digits[n] && digits[n] <= '9' {
		n++
	}
	// No int64 has more than 19 digits.
	if n == 0 || n > 19 || n > 1 && digits[0] == '0' {
		return 0, s.fail("an integer from 0 to 2^63-1")
	}
	v, err := strconv.ParseInt(string(digits[:n]), 10, 64)
	if err != nil {
		return 0, s.fail("an integer from 0 to 2^63-1")
	}
	s.pos += n
	return v, nil
}

// end checks that nothing but white space is left.
func (s *scanner) end() error {
	if s.peek(); s.pos < len(s.text) {
		return s.fail("nothing but spaces")
	}
	return nil
}

func (s *scanner) expect(c byte) error {
	if s.peek() != c {
		return s.fail(strconv.QuoteRune(rune(c)))
	}
	s.pos++
	return nil
}

// peek skips white space and returns the byte after it, 0 at the end.
func (s *scanner) peek() byte {
	for ; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) fail(expected string) error {
	found := "its end"
	if s.pos < len(s.text) {
		r, _ := utf8.DecodeRune(s.text[s.pos:])
		found = strconv.QuoteRune(r)
	}
	return fmt.Errorf("%w: at byte %d of the header: found %s, expected %s", ErrMalformed, s.pos, found, expected)
}

// quote makes text from a file fit for an error.
func quote(text []byte) string {
	const most = 64
	if len(text) > most {
		return strconv.Quote(string(text[:most])) + "..."
	}
	return strconv.Quote(string(text))
}
