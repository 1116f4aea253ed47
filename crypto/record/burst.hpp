// The order in which a burst is worked off: runs of alike ops, each with its key block fetched ahead.
#pragma once

#include <cstddef>
#include <span>

#include "crypto/record/protection.hpp"

namespace culvert::crypto::record {

// How many ops ahead a key block is fetched: with many sessions its cache lines come from memory.
inline constexpr size_t kPrefetchAhead = 3;

// What a cipher keeps in the key block besides the line that all have.
template <Cipher C>
inline constexpr size_t kExpandedKeySize = C == Cipher::chacha20_poly1305 ? sizeof(Keys::chacha_key)
                                           : is_cbc(C)                    ? sizeof(CbcKeys)
                                                                          : sizeof(gcm_key_data);

// Fetches the key block of op `i`, unless the op before it has the same one: records of one
// connection come in runs, and repeating the prefetches would cost more than the short record
// itself.
template <Cipher C, typename Op>
void prefetch_keys(std::span<Op> ops, size_t i) noexcept {
  if (i >= ops.size() || (i > 0 && ops[i].keys == ops[i - 1].keys)) return;
  const auto* line = reinterpret_cast<const char*>(ops[i].keys);
  for (size_t offset = 0; offset < kExpandedKeySize<C>; offset += 64)
    __builtin_prefetch(line + offset);
}

// Calls `one(op)` for each op in order, with its key block on the way.
template <Cipher C, typename Op, typename One>
void for_each_op(std::span<Op> run, One one) noexcept {
  for (size_t i = 0; i < kPrefetchAhead; i++)
    prefetch_keys<C>(run, i);
  for (size_t i = 0; i < run.size(); i++) {
    prefetch_keys<C>(run, i + kPrefetchAhead);
    one(run[i]);
  }
}

// Calls `run_of<V, C>(run)` for each longest run of ops of one version, cipher and MAC (and order of
// the two): branches are taken once a run, not once a record.
template <typename Op, typename RunOf>
void for_each_run(std::span<Op> ops, RunOf run_of) noexcept {
  for (const Op& op : ops)
    __builtin_prefetch(&op.keys->version);

  const auto with_cipher = [&run_of]<Version V>(std::span<Op> run, Cipher cipher) noexcept {
    switch (cipher) {
      case Cipher::aes128_gcm: run_of.template operator()<V, Cipher::aes128_gcm>(run); break;
      case Cipher::aes256_gcm: run_of.template operator()<V, Cipher::aes256_gcm>(run); break;
      case Cipher::chacha20_poly1305:
        run_of.template operator()<V, Cipher::chacha20_poly1305>(run);
        break;
      case Cipher::aes128_cbc: run_of.template operator()<V, Cipher::aes128_cbc>(run); break;
      case Cipher::aes256_cbc: run_of.template operator()<V, Cipher::aes256_cbc>(run); break;
    }
  };
  for (size_t begin = 0; begin < ops.size();) {
    const Version version = ops[begin].keys->version;
    const Cipher cipher = ops[begin].keys->cipher;
    const Mac mac = ops[begin].keys->mac;
    const bool encrypt_then_mac = ops[begin].keys->encrypt_then_mac;
    size_t end = begin + 1;
    while (end < ops.size() && ops[end].keys->version == version &&
           ops[end].keys->cipher == cipher && ops[end].keys->mac == mac &&
           ops[end].keys->encrypt_then_mac == encrypt_then_mac) {
      end++;
    }
    const std::span<Op> run = ops.subspan(begin, end - begin);
    switch (version) {
      case Version::tls12: with_cipher.template operator()<Version::tls12>(run, cipher); break;
      case Version::tls13: with_cipher.template operator()<Version::tls13>(run, cipher); break;
      case Version::dtls12: with_cipher.template operator()<Version::dtls12>(run, cipher); break;
      case Version::dtls09: with_cipher.template operator()<Version::dtls09>(run, cipher); break;
    }
    begin = end;
  }
}

}  // namespace culvert::crypto::record
