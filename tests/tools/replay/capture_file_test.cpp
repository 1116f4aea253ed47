// Captures as files: odd ones are read, wrong ones refused with a sentence.
#include "tools/replay/capture_file.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/tools/replay/frames.hpp"
#include "tools/replay/failure.hpp"
#include "tools/replay/port_set.hpp"
#include "tools/replay/survey.hpp"

namespace culvert::replay {
namespace {

using namespace test;

class File {
 public:
  explicit File(const std::string& bytes)
      : path_(std::filesystem::temp_directory_path() /
              ("culvert-replay-test-" + std::to_string(getpid()))) {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::string le32(uint32_t v) {
  return {reinterpret_cast<const char*>(&v), sizeof v};
}
std::string header(uint32_t magic = 0xa1b23c4d, uint32_t link = 1) {
  return le32(magic) + le32(0x00040002) + le32(0) + le32(0) + le32(65535) + le32(link);
}
std::string record(uint32_t seconds, uint32_t fraction, const Bytes& frame, uint32_t wire = 0) {
  const auto size = static_cast<uint32_t>(frame.size());
  return le32(seconds) + le32(fraction) + le32(size) + le32(wire == 0 ? size : wire) +
         std::string(frame.begin(), frame.end());
}
const Bytes kFrame = ethernet(0x800, ipv4(kA4, kB4, 17, udp(Bytes(20, 1))));

std::string refusal(const std::string& bytes, const std::string& filter = "") {
  const File file(bytes);
  try {
    CaptureFile capture(file.path(), filter);
  } catch (const Failure& failure) {
    return failure.what();
  }
  return {};
}

TEST(CaptureFile, KeepsNanoseconds) {
  const File file(header() + record(5, 123'456'789, kFrame));
  CaptureFile capture(file.path(), "");
  CapturedPacket packet;
  ASSERT_TRUE(capture.next(packet));
  EXPECT_EQ(packet.time_ns, 5'123'456'789u);
  EXPECT_EQ(Bytes(packet.bytes.begin(), packet.bytes.end()), kFrame);
  EXPECT_FALSE(capture.next(packet));
  EXPECT_EQ(capture.damage(), "");
}

TEST(CaptureFile, MicrosecondsAreNanosecondsToo) {
  const File file(header(0xa1b2c3d4) + record(5, 123'456, kFrame));
  CaptureFile capture(file.path(), "");
  CapturedPacket packet;
  ASSERT_TRUE(capture.next(packet));
  EXPECT_EQ(packet.time_ns, 5'123'456'000u);
}

TEST(CaptureFile, FiltersAndCountsWhatItFiltered) {
  const File file(header() + record(1, 0, kFrame) + record(2, 0, ethernet(0x806, Bytes(28, 0))));
  CaptureFile capture(file.path(), "udp");
  CapturedPacket packet;
  ASSERT_TRUE(capture.next(packet));
  EXPECT_FALSE(capture.next(packet));
  EXPECT_EQ(capture.filtered(), 1u);
}

TEST(CaptureFile, RefusesWhatIsNoCapture) {
  EXPECT_NE(refusal("").find("is no capture"), std::string::npos);
  EXPECT_NE(refusal("hello, this is not a capture").find("is no capture"), std::string::npos);
  EXPECT_NE(refusal(header(0xa1b23c4d, 101)).find("link type RAW"), std::string::npos);
  EXPECT_NE(refusal(header(), "no such word").find("The filter"), std::string::npos);
  EXPECT_THROW(CaptureFile("/nonexistent", ""), Failure);
  EXPECT_THROW(CaptureFile("/dev/null", ""), Failure);
}

TEST(CaptureFile, SaysWhereItIsDamaged) {
  const std::string whole = header() + record(1, 0, kFrame) + record(2, 0, kFrame);
  const File file(whole.substr(0, whole.size() - 5));
  CaptureFile capture(file.path(), "");
  CapturedPacket packet;
  ASSERT_TRUE(capture.next(packet));
  EXPECT_FALSE(capture.next(packet));
  EXPECT_NE(capture.damage().find("damaged behind packet 1"), std::string::npos)
      << capture.damage();
  EXPECT_FALSE(capture.next(packet));
}

TEST(Survey, CountsWhatCannotBePlayed) {
  const File file(header() + record(1, 0, kFrame) + record(2, 0, kFrame, 1000) +
                  record(3, 0, Bytes(13, 0)) + record(4, 0, ethernet(0x9999, Bytes(1501, 0))) +
                  record(5, 0, ethernet(0x8100, tag(5, 0x9999, Bytes(1500, 0)))));
  SelectionRules rules;
  const OnProgress nobody = [](const std::string&, double) {};
  const Survey found = survey({file.path()}, rules, false, nobody);
  EXPECT_EQ(found.packets, 2u);  // a tag is not of the MTU
  EXPECT_EQ(found.first_ns, 1'000'000'000u);
  EXPECT_EQ(found.left_out.truncated, 1u);
  EXPECT_EQ(found.left_out.runt, 1u);
  EXPECT_EQ(found.left_out.oversized, 1u);
  EXPECT_EQ(found.left_out.sentences(rules).size(), 3u);
  rules.fill_truncated = true;
  EXPECT_EQ(survey({file.path()}, rules, false, nobody).packets, 3u);
  rules.trailer = 24;  // no room for it in the largest
  EXPECT_EQ(survey({file.path()}, rules, false, nobody).packets, 2u);
}

TEST(Survey, AskedWhatTheDriverCanSend) {
  const File file(header() + record(1, 0, kFrame));
  SelectionRules rules;
  rules.largest = static_cast<uint32_t>(kFrame.size()) - 1;
  const LeftOut out =
      survey({file.path()}, rules, false, [](const std::string&, double) {}).left_out;
  EXPECT_EQ(out.unfit, 1u);
  EXPECT_NE(out.sentences(rules).at(0).find("bsize="), std::string::npos);
  EXPECT_EQ(largest_frame("net_memif0,role=server,socket=/s"), 2048u);
  EXPECT_EQ(largest_frame("net_memif0,bsize=9216"), 9216u);
  EXPECT_EQ(largest_frame("0000:18:00.0"), 65535u);
}

TEST(Survey, AFileThatCannotBeOpenedIsADamageIfThatIsTolerated) {
  const OnProgress nobody = [](const std::string&, double) {};
  EXPECT_THROW((void)survey({"/nonexistent"}, {}, false, nobody), Failure);
  EXPECT_EQ(survey({"/nonexistent"}, {}, true, nobody).left_out.damages.size(), 1u);
}

TEST(Select, AShortFrameIsFilledUpBeforeItsTrailer) {
  SelectionRules rules;
  rules.trailer = 24;
  Bytes frame;
  const Bytes small = ethernet(0x9999, {1});
  const CapturedPacket packet{0, small, static_cast<uint32_t>(small.size())};
  EXPECT_EQ(select(rules, packet, frame), Verdict::play);
  EXPECT_EQ(frame.size() + rules.trailer, 60u);
}

}  // namespace
}  // namespace culvert::replay
