package loopback

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"deskside"
)

const loginPath = "/login"

// BearerProtocol is the prefix of the WebSocket subprotocol that carries the
// bearer.
const BearerProtocol = "deskside.bearer."

// keyring holds the tokens of launch files and the bearers of pages, as
// hashes: comparing those in constant time says nothing of the secret.
type keyring struct {
	dir  string
	user *User

	mu      sync.Mutex
	closed  bool
	tokens  []token
	bearers [][sha256.Size]byte
}

// token is a launch file that nobody has used yet.
type token struct {
	hash [sha256.Size]byte
	file string
	old  *time.Timer // takes it back
}

func newKeyring(dir string, u *User) *keyring { return &keyring{dir: dir, user: u} }

// secret makes 32 random bytes in URL-safe base64.
func secret() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// launch writes a launch file that posts a new token to action.
func (k *keyring) launch(action, title string) (string, error) {
	text := secret()
	file := filepath.Join(k.dir, "open-"+rand.Text()+".html")
	if err := writeOwned(file, launchPage(action, title, text), k.user); err != nil {
		return "", fmt.Errorf("write the launch file: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		os.Remove(file)
		return "", deskside.Errorf(deskside.CodeEnded, "the server is closed")
	}
	if len(k.tokens) == maxTokens {
		k.drop(0)
	}
	t := token{hash: sha256.Sum256([]byte(text)), file: file}
	t.old = time.AfterFunc(tokenLife, func() { k.expire(t.hash) })
	k.tokens = append(k.tokens, t)
	return file, nil
}

// drop forgets token i and deletes its file. The lock is held.
func (k *keyring) drop(i int) {
	k.tokens[i].old.Stop()
	os.Remove(k.tokens[i].file)
	k.tokens = append(k.tokens[:i], k.tokens[i+1:]...)
}

// find gives the place of a token, -1 if there is none. The lock is held.
func (k *keyring) find(hash [sha256.Size]byte) int {
	at := -1
	for i := range k.tokens {
		if subtle.ConstantTimeCompare(k.tokens[i].hash[:], hash[:]) == 1 {
			at = i
		}
	}
	return at
}

func (k *keyring) expire(hash [sha256.Size]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if i := k.find(hash); i >= 0 {
		k.drop(i)
	}
}

// redeem takes a token for a bearer. A token works once.
func (k *keyring) redeem(text string) (bearer string, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := k.find(sha256.Sum256([]byte(text)))
	if i < 0 || k.closed {
		return "", false
	}
	k.drop(i)
	bearer = secret()
	if len(k.bearers) == maxBearers {
		k.bearers = k.bearers[1:]
	}
	k.bearers = append(k.bearers, sha256.Sum256([]byte(bearer)))
	return bearer, true
}

// admits reports whether the bearer is one that was handed out.
func (k *keyring) admits(bearer string) bool {
	hash := sha256.Sum256([]byte(bearer))
	k.mu.Lock()
	defer k.mu.Unlock()
	found := 0
	for i := range k.bearers {
		found |= subtle.ConstantTimeCompare(k.bearers[i][:], hash[:])
	}
	return found == 1
}

func (k *keyring) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed, k.bearers = true, nil
	for len(k.tokens) > 0 {
		k.drop(0)
	}
}

// bearerOf finds the bearer in a request's Authorization header or among the
// subprotocols it offers.
func bearerOf(r *http.Request) string {
	if b, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return b
	}
	for _, p := range subprotocols(r) {
		if b, ok := strings.CutPrefix(p, BearerProtocol); ok {
			return b
		}
	}
	return ""
}

// subprotocols lists what a WebSocket request offers.
func subprotocols(r *http.Request) (list []string) {
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for p := range strings.SplitSeq(line, ",") {
			list = append(list, strings.TrimSpace(p))
		}
	}
	return list
}

// login takes a launch file's token and answers with the page.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		s.sorry(w, http.StatusMethodNotAllowed, "This address only takes what a launch file sends.")
		return
	}
	index, ok := s.assets["/"]
	if !ok {
		s.sorry(w, http.StatusNotFound, "There is no page here.")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxLogin)
	if err := r.ParseForm(); err != nil {
		s.sorry(w, http.StatusBadRequest, "The login could not be read.")
		return
	}
	bearer, ok := s.keys.redeem(r.PostForm.Get("token"))
	if !ok {
		s.log.Warn("loopback login refused")
		s.sorry(w, http.StatusForbidden, "This way in was used already or is too old.")
		return
	}
	r.Method = http.MethodGet
	index.withBearer(bearer).serve(w, r)
}

// sorry answers a person.
func (s *Server) sorry(w http.ResponseWriter, status int, words string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<!doctype html><html lang=en><meta charset=utf-8><title>%[1]s</title><h1>%[1]s</h1><p>%[2]s</p><p>Open it again from Deskside.</p>\n",
		html.EscapeString(s.cfg.Title), html.EscapeString(words))
}

// launchPage is the file's text. It posts itself, and has a button for a
// browser that runs no script in files.
func launchPage(action, title, token string) string {
	return fmt.Sprintf(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>%[2]s</title>
<meta name="referrer" content="no-referrer">
<style>:root{color-scheme:light dark}body{font:1rem system-ui,sans-serif;text-align:center;margin-top:30vh}</style>
<form method="post" action="%[1]s"><input type="hidden" name="token" value="%[3]s"><button>Open %[2]s</button></form>
<script>document.forms[0].submit()</script>
</html>
`, html.EscapeString(action), html.EscapeString(title), token)
}
