#!/bin/sh
# Makes a release, as docs/RELEASES.md says.
#
#   deploy/release.sh           # all files of the commit that is checked out, in dist/
#   deploy/release.sh v1.2.3    # the same, tagged, signed and published
#
# Publishing takes GITHUB_TOKEN, PASTICHE_SIGNING_KEY (the file of a private SSH key that
# deploy/allowed_signers names), and Docker, logged in to ghcr.io.
set -eu
cd "$(dirname "$0")/.."

goreleaser() {
  env GOFLAGS= CGO_ENABLED=0 go run github.com/goreleaser/goreleaser/v2@v2.15.1 "$@"
}
fail() {
  echo "deploy/release.sh: $*" >&2
  exit 1
}

if [ $# = 0 ]; then
  # A tagged commit gives the bytes that were published.
  git describe --exact-match --tags HEAD >/dev/null 2>&1 || set -- --snapshot
  goreleaser release --clean --skip=publish,announce,sign,docker "$@"
  exit
fi

tag=$1
notes=$(mktemp)
trap 'rm -f "$notes" "$notes.sig"' EXIT
[ -z "$(git status --porcelain)" ] || fail "the working tree differs from the commit: git status"
[ -n "${GITHUB_TOKEN:-}" ] || fail "GITHUB_TOKEN is not set"
docker buildx version >/dev/null || fail "docker buildx does not answer"
awk -v head="## [${tag#v}]" 'index($0, head) == 1 { found = 1; next } /^## / { found = 0 } found' CHANGELOG.md >"$notes"
grep -q '[^[:space:]]' "$notes" || fail "CHANGELOG.md has no section ${tag#v}"
ssh-keygen -q -Y sign -n pastiche-release -f "${PASTICHE_SIGNING_KEY:?the file of the private key}" "$notes"
ssh-keygen -q -Y verify -n pastiche-release -I releases -f deploy/allowed_signers -s "$notes.sig" <"$notes" ||
  fail "deploy/allowed_signers does not name the key $PASTICHE_SIGNING_KEY"

git tag --annotate --message "pastiche $tag" "$tag"
git push origin "$tag"
goreleaser release --clean --release-notes "$notes"
