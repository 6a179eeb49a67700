package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"
)

// ErrInsufficientScope: the token is good, but not for this; answer 403 insufficient_scope.
// ErrNoKeys: the keys could not be fetched; answer 503. Any other error of Verify is a 401.
var (
	ErrInsufficientScope = errors.New("insufficient_scope")
	ErrNoKeys            = errors.New("no keys")
	errInvalidToken      = errors.New("invalid_token")
)

// Claims are what a good token says.
type Claims struct {
	Issuer    string `json:"iss"`
	Audience  string `json:"aud"`
	Subject   string `json:"sub"`
	ClientID  string `json:"client_id"`
	Scope     string `json:"scope"`
	ID        string `json:"jti"`
	IssuedAt  int64  `json:"iat"`
	ExpiresAt int64  `json:"exp"`
}

// Verifier checks the access tokens of one issuer for one resource. Make one for the whole program.
type Verifier struct {
	Issuer   string // https://id.example.com, as in its metadata, to the byte
	Resource string // https://api.example.com/v1, as `uri` in its configuration

	mutex          sync.Mutex
	keys           map[string]*ecdsa.PublicKey
	fetched, asked time.Time
}

// Verify returns the claims of a good token that has these scopes.
func (v *Verifier) Verify(token string, needed ...string) (*Claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errInvalidToken
	}
	var header struct {
		Type      string          `json:"typ"`
		Algorithm string          `json:"alg"`
		KeyID     string          `json:"kid"`
		Critical  json.RawMessage `json:"crit"`
	}
	var claims Claims
	signature, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(signature) != 64 || read(parts[0], &header) != nil || read(parts[1], &claims) != nil {
		return nil, errInvalidToken
	}
	kind := strings.TrimPrefix(strings.ToLower(header.Type), "application/")
	if kind != "at+jwt" || header.Algorithm != "ES256" || header.Critical != nil {
		return nil, errInvalidToken
	}
	key, err := v.key(header.KeyID)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	if !ecdsa.Verify(key, hash[:], r, s) {
		return nil, errInvalidToken
	}
	ended := time.Now().Add(-30*time.Second).Unix() >= claims.ExpiresAt
	if claims.Issuer != v.Issuer || claims.Audience != v.Resource || ended || claims.Subject == "" {
		return nil, errInvalidToken
	}
	held := " " + claims.Scope + " "
	for _, scope := range needed {
		if !strings.Contains(held, " "+scope+" ") {
			return nil, ErrInsufficientScope
		}
	}
	return &claims, nil
}

// The keys are kept for an hour; a key that is new is fetched at once, but no more than once in 30
// seconds. When that fails, the last good ones go on for a day.
func (v *Verifier) key(id string) (*ecdsa.PublicKey, error) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	due := v.keys[id] == nil || time.Since(v.fetched) > time.Hour
	if due && time.Since(v.asked) > 30*time.Second {
		v.asked = time.Now()
		if keys, err := fetch(v.Issuer + "/jwks"); err == nil {
			v.keys, v.fetched = keys, v.asked
		}
	}
	if time.Since(v.fetched) > 24*time.Hour {
		return nil, ErrNoKeys
	}
	if key := v.keys[id]; key != nil {
		return key, nil
	}
	return nil, errInvalidToken
}

var client = http.Client{
	Timeout:       5 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func fetch(url string) (map[string]*ecdsa.PublicKey, error) {
	response, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var set struct {
		Keys []struct{ Kty, Crv, Kid, Use, X, Y string }
	}
	err = json.NewDecoder(io.LimitReader(response.Body, 1<<18)).Decode(&set)
	if err != nil || response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s, %v", url, response.Status, err)
	}
	keys := map[string]*ecdsa.PublicKey{}
	for _, jwk := range set.Keys {
		x, _ := base64.RawURLEncoding.DecodeString(jwk.X)
		y, _ := base64.RawURLEncoding.DecodeString(jwk.Y)
		if jwk.Kty != "EC" || jwk.Crv != "P-256" || jwk.Use == "enc" || len(x) != 32 || len(y) != 32 {
			continue
		}
		key := ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(x), Y: new(big.Int).SetBytes(y)}
		if key.Curve.IsOnCurve(key.X, key.Y) {
			keys[jwk.Kid] = &key
		}
	}
	if len(keys) == 0 {
		return nil, ErrNoKeys
	}
	return keys, nil
}

func read(part string, into any) error {
	text, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
