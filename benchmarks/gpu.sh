#!/usr/bin/env bash
# Measure normcast on one machine with an NVIDIA GPU, in under eight minutes:
#
#   bash benchmarks/gpu.sh FOLDER [--out FILE] [--only CASE] [--cuda 12|13] [--seconds N] [--cpu] [--dry-run]
#
# FOLDER   gets an environment of its own and caches. It stays: a second run installs and compiles nothing,
#          and gets further.
# --out    the record; benchmarks/results/gpu-NAME.json by default
# --only   the cases whose names begin so: equality, conv-se-lstm, LSTM, study, inside; by default all
# --cuda   which CUDA JAX brings; by the driver if left out: 13 from driver 580 on, else 12
# --seconds  for all together, installing too; 470 by default
# --cpu    also without a GPU, small sizes alone: does it run?
# --dry-run  say what would be done
#
# PYTHON names the Python that makes the environment. Ends with 2 where there is no GPU.
set -euo pipefail

here="${BASH_SOURCE[0]%/*}"
[ "$here" = "${BASH_SOURCE[0]}" ] && here=.
folder="" out="" only="" cuda="" seconds=470 cpu="" dry=""
said() { while IFS= read -r line; do [[ $line == "#"* ]] || break; [[ $line == "#!"* ]] || printf '%s\n' "${line#\#}"; done < "${BASH_SOURCE[0]}"; }
refuse() { printf 'gpu.sh: %s\n' "$1" >&2; exit 2; }

while [ $# -gt 0 ]; do
    case $1 in
        --help | -h) said; exit 0 ;;
        --out | --only | --cuda | --seconds)
            [ $# -gt 1 ] || refuse "$1 wants a value"
            printf -v "${1#--}" '%s' "$2"; shift ;;
        --cpu) cpu=1 ;;
        --dry-run) dry=1 ;;
        -*) refuse "no option $1; --help lists them" ;;
        *) [ -z "$folder" ] || refuse "one FOLDER, but there are '$folder' and '$1'"; folder=$1 ;;
    esac
    shift
done
[ -n "$folder" ] || refuse "name a FOLDER for the environment; --help says more"
[[ $seconds =~ ^[0-9]+$ ]] || refuse "--seconds is '$seconds', but must be a whole number"

extra=""
if [ -z "$cpu" ]; then
    command -v nvidia-smi > /dev/null || refuse "there is no nvidia-smi, so no NVIDIA GPU with its driver; --cpu runs on what there is"
    driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader | head -n 1)
    [[ ${driver%%.*} =~ ^[0-9]+$ ]] || refuse "nvidia-smi names no driver: '$driver'"
    [ -n "$cuda" ] || { if [ "${driver%%.*}" -ge 580 ]; then cuda=13; else cuda=12; fi; }
    [[ $cuda == 12 || $cuda == 13 ]] || refuse "--cuda is '$cuda', but must be 12 or 13"
    extra="[cuda$cuda]"
fi

out=${out:+$(case $out in /*) printf '%s' "$out" ;; *) printf '%s/%s' "$PWD" "$out" ;; esac)}
case $folder in /*) ;; *) folder=$PWD/$folder ;; esac
cd "$here/.."
python="$folder/venv/bin/python"
install=(-m pip install --no-compile --quiet --disable-pip-version-check --constraint constraints.txt ".$extra")
measure=(-m benchmarks gpu ${out:+--out "$out"} ${only:+--only "$only"} ${cpu:+--cpu --quick})
if [ -n "$dry" ]; then
    printf '%s\n' "$python ${install[*]}" "$python ${measure[*]} --seconds $seconds"
    exit 0
fi

stamp="$folder/installed-${extra:-cpu}"
if [ ! -e "$stamp" ]; then
    printf 'Installing normcast%s into %s ...\n' "$extra" "$folder/venv"
    mkdir -p "$folder"
    "${PYTHON:-python3}" -m venv "$folder/venv"
    "$python" "${install[@]}"
    : > "$stamp"
fi
left=$((seconds - SECONDS))
[ "$left" -ge 60 ] || refuse "installing took $SECONDS of $seconds seconds; the same call now measures at once"
export KERAS_BACKEND=jax NORMCAST_CACHE="$folder/cache"
exec "$python" "${measure[@]}" --seconds "$left"
