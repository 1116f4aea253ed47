// The older DTLS against a handshake that was recorded between openconnect 9.01 and ocserv 1.1.6,
// both with GnuTLS: its keys, both Finished messages, and the first record of data.
#include <array>
#include <string_view>

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "crypto/kdf.hpp"
#include "crypto/record/protection.hpp"
#include "tests/crypto/hex.hpp"
#include "tests/crypto/isas.hpp"

namespace culvert::crypto::record {
namespace {

// What the client sent as X-DTLS-Master-Secret.
const Bytes kMaster = from_hex(
    "1fc748785bbc20224c51703f06a69635355dbd110c227dff17ac2b8ddf4a6ab7967a7cc8fecb5d8d08c69ae14c6e4a"
    "e5");
// Bodies without headers, as they are hashed.
const Bytes kClientHello = from_hex(
    "0100197fe2b856dc558158fa1b73611e6282f8ec564e7fb6b8b4c0cdba4e18e8be0620df860d2c18fa6badbe6ba64c"
    "c9"
    "c44f34cede2985f62cab978cb16783395901ec00000200350100000f00230000ff01000100001c00024000");
const Bytes kServerHello = from_hex(
    "010022b1a39c6f636d114905af82417795068f3ace38770e391bb0a41b449cc9757b20df860d2c18fa6badbe6ba64c"
    "c9"
    "c44f34cede2985f62cab978cb16783395901ec0035000006001c00024000");
const Bytes kServerFinished = from_hex(
    "160100000100000000000000405c00664e206e9e9f0c06c77a31703ca5310960a57d70bbba4c164d480697e367cf64"
    "17"
    "5b272722d476453088579282c2de1b3f342ab38740e2b67c2054b30ef1");
const Bytes kClientFinished = from_hex(
    "160100000100000000000000409712550db72d03c2da61e3a9611d764309c842a1c735cbac9685f10984429382ce45"
    "05"
    "392a2422862dea646749fee5ecb2722905b8efae40fddfd8af85262362");

class Dtls09Test : public testing::TestWithParam<Isa> {
 protected:
  Dtls09Test() {
    const Suite* suite = find_suite(Version::dtls09, "AES256-SHA");
    keys_ = tls12_keys(*suite, kMaster, std::span(kClientHello).subspan(2, kRandomSize),
                       std::span(kServerHello).subspan(2, kRandomSize));
    keys_.client.sequence = keys_.server.sequence = dtls_sequence(1, 0);
  }
  // The payload, if it is authentic.
  Bytes open_one(const KeyMaterial& material, const Bytes& record, OpenStatus status) {
    Keys keys;
    EXPECT_TRUE(keys.install(mb_, material));
    Bytes room(kBlockSize + record.size());
    OpenOp op{
        &keys, record.data(), static_cast<uint32_t>(record.size()), room.data() + kBlockSize, 0, {},
        {}};
    open(mb_, {&op, 1});
    EXPECT_EQ(op.status, status);
    return {op.payload, op.payload + op.payload_size};
  }
  static Bytes verify_data(std::string_view label, const std::vector<Bytes>& bodies) {
    Bytes all;
    for (const Bytes& body : bodies)
      all.insert(all.end(), body.begin(), body.end());
    std::array<uint8_t, 36> digest{};
    EXPECT_EQ(EVP_Digest(all.data(), all.size(), digest.data(), nullptr, EVP_md5_sha1(), nullptr),
              1);
    const auto proof = tls10_verify_data(kMaster, label, digest);
    return {proof.begin(), proof.end()};
  }

  MbManager mb_{GetParam()};
  TrafficKeys keys_;
};

TEST_P(Dtls09Test, RecordedFinishedMessagesAreRight) {
  const Bytes server = open_one(keys_.server, kServerFinished, OpenStatus::ok);
  ASSERT_EQ(server.size(), 24u);
  EXPECT_EQ(Bytes(server.begin(), server.begin() + 12), from_hex("1400000c000200000000000c"));
  const Bytes server_body(server.begin() + 12, server.end());
  EXPECT_EQ(server_body, verify_data("server finished", {kClientHello, kServerHello}));
  const Bytes client = open_one(keys_.client, kClientFinished, OpenStatus::ok);
  ASSERT_EQ(client.size(), 24u);
  EXPECT_EQ(Bytes(client.begin() + 12, client.end()),
            verify_data("client finished", {kClientHello, kServerHello, server_body}));
}

TEST_P(Dtls09Test, TheVersionIsChecked) {
  Bytes standard = kServerFinished;
  standard[1] = 0xfe;
  standard[2] = 0xfd;
  (void)open_one(keys_.server, standard, OpenStatus::bad_version);
  // And it is under the MAC: the same keys in DTLS 1.2.
  KeyMaterial other = keys_.server;
  other.suite = find_suite(Version::dtls12, "AES256-SHA");
  (void)open_one(other, standard, OpenStatus::bad_tag);
  (void)open_one(other, kServerFinished, OpenStatus::bad_version);
}

INSTANTIATE_TEST_SUITE_P(All, Dtls09Test, testing::ValuesIn(usable_isas()), isa_name);

}  // namespace
}  // namespace culvert::crypto::record
