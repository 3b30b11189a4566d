#!/bin/sh
# Takes what the screens need from five npm packages into static/looks/vendor. Needed only to change a version.
set -eu

STYLES=4.2.7 FONTS=0.0.2 ICONS=0.2.3 ALTCHA=3.2.2
COMPONENTS="container button link tag message form-label form-control form-group form-input form-message form-radio"
WEIGHTS="regular regular-ext medium medium-ext bold bold-ext"
ICON_NAMES="arrow-down box-arrow-up-right check-circle-fill check-lg chevron-left chevron-right copy download
  envelope-fill exclamation-triangle-fill geo-alt-fill house-door-fill info-circle-fill list person-fill plus-lg
  search telephone x-lg"

vendor=$(cd "$(dirname "$0")/../src/prepazka/looks/static/looks" && pwd)/vendor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch() { # package version folder
    mkdir -p "$work/$3"
    (cd "$work" && tar -xzf "$(npm pack --silent "$1@$2")" -C "$3" --strip-components=1)
}

# A byte order mark inside the joined file would become part of the next selector, hence the sed.
part() {
    printf '\n/* ---- %s ---- */\n' "$1"
    sed '1s/^\xEF\xBB\xBF//' "$work/styles/lib/html/$1"
    printf '\n'
}

join_css() {
    echo "/* Gov Design System CE, styles $STYLES: parts of lib/html, unmodified, joined by tools/vendor_looks.sh."
    echo "   Copyright (c) 2020-2025 Digitalni a informacni agentura. Licensed under the EUPL v1.2, see LICENCE.txt. */"
    part tokens.css
    part styles.css
    part layout.css
    for name in $COMPONENTS; do part "components/gov-$name.css"; done
}

fetch @gov-design-system-ce/styles $STYLES styles
fetch @gov-design-system-ce/fonts $FONTS fonts
fetch @gov-design-system-ce/icons $ICONS icons
fetch altcha $ALTCHA altcha

mkdir -p "$vendor/gov/icons"
rm -f "$vendor"/gov/*.css "$vendor"/gov/*.woff2 "$vendor"/gov/icons/*.svg
join_css > "$vendor/gov/gov.css"
for weight in $WEIGHTS; do cp "$work/fonts/lib/roboto-$weight.woff2" "$vendor/gov/"; done
for name in $ICON_NAMES; do cp "$work/icons/lib/components/$name.svg" "$vendor/gov/icons/"; done

mkdir -p "$vendor/altcha"
cp "$work/altcha/dist/external/altcha.min.js" "$work/altcha/dist/workers/pbkdf2.js" "$vendor/altcha/"
cp "$work/altcha/LICENSE.txt" "$vendor/altcha/LICENCE.txt"

files() { (cd "$vendor" && find "$1" -type f | LC_ALL=C sort | sed 's/^/- `/; s/$/`/'); }
{
    echo "# Vendored files"
    echo
    echo "Unmodified copies, made by \`tools/vendor_looks.sh\`; \`gov.css\` is the named parts joined in order."
    echo
    echo "| npm package | version | licence |"
    echo "|---|---|---|"
    echo "| @gov-design-system-ce/styles | $STYLES | EUPL-1.2 |"
    echo "| @gov-design-system-ce/fonts (Roboto) | $FONTS | EUPL-1.2; the typeface itself Apache-2.0 |"
    echo "| @gov-design-system-ce/icons | $ICONS | EUPL-1.2 |"
    echo "| altcha | $ALTCHA | MIT |"
    echo
    echo "\`gov.css\`: tokens, styles, layout, components: $COMPONENTS."
    echo
    files gov
    files altcha
} > "$vendor/VENDORED.md"
