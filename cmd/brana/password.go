package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"go.uber.org/zap"
)

// newPassword is the password of Redis in a file, read again when the file has
// changed. Without a file it is nil.
func newPassword(file string, log *zap.Logger) *reread[string] {
	if file == "" {
		return nil
	}
	return &reread[string]{
		key:   "limits.redis.password_file",
		what:  "password",
		files: []string{file},
		log:   log,
		build: func() (string, error) { return readPassword(file) },
	}
}

// byteOrderMark stands before a text that some editors have saved.
var byteOrderMark = []byte("\ufeff")

// readPassword reads a file of one password. White space around it is no part of
// it, nor is a byte order mark.
func readPassword(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read a password: %w", err)
	}
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return "", fmt.Errorf("read a password: %s is not text in UTF-8; save it as UTF-8", file)
	}
	word := strings.TrimSpace(string(bytes.TrimPrefix(text, byteOrderMark)))
	if word == "" {
		return "", fmt.Errorf(
			"read a password: %s is empty; write the password of Redis into it", file,
		)
	}
	return word, nil
}
