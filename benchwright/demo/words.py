"""What the demonstration says, in both languages."""

from tui.i18n import Language

SENTENCES: dict[str, dict[str, str]] = {
    "scene": {
        "en": "Starting broker, hub, simulated bench and agent",
        "zh-CN": "启动消息代理、中心、模拟工位与工位代理",
    },
    "intake": {"en": "A customer brings a device", "zh-CN": "顾客送修设备"},
    "first_run": {"en": "The technician runs the test plan", "zh-CN": "维修员执行检测方案"},
    "cause": {"en": "Suspected causes, the likeliest first", "zh-CN": "疑似原因（按可能性排序）"},
    "repair": {"en": "The repair", "zh-CN": "维修"},
    "repaired": {"en": "{part} is mended: {title}", "zh-CN": "已修复 {part}：{title}"},
    "second_run": {"en": "The retest", "zh-CN": "复测"},
    "hub": {"en": "What the hub has", "zh-CN": "中心的记录"},
    "captures": {"en": "Real captures through the same code", "zh-CN": "用同一套代码分析真实仪器的采集数据"},
    "summary": {"en": "Summary", "zh-CN": "小结"},
    "symptom": {
        "en": "It works only now and then, and sometimes not at all",
        "zh-CN": "时好时坏，有时完全不工作",
    },
    "on_worklist": {
        "en": "waiting for the ticket on the bench's worklist …",
        "zh-CN": "等待工单出现在工位的工单列表 …",
    },
    "receipts": {
        "en": "waiting for the hub to confirm every record of the bench …",
        "zh-CN": "等待中心确认工位的全部记录 …",
    },
    "counts": {"en": "{steps} steps, {measured} measurements", "zh-CN": "{steps} 个步骤，{measured} 个测量值"},
    "retest_passed": {"en": "the retest passed", "zh-CN": "复测通过"},
    "first_failed": {"en": "the first run failed", "zh-CN": "首次检测不合格"},
    "cause_found": {"en": "the planted fault was named first: {cause}", "zh-CN": "首位疑似原因即所设故障：{cause}"},
    "at_hub": {
        "en": "the hub has every record of the bench, each once ({count})",
        "zh-CN": "中心收到工位的全部记录且无重复（{count} 条）",
    },
    "curve_at_hub": {
        "en": "the capture behind the failing step is at the hub, hash and all ({name})",
        "zh-CN": "不合格步骤的采集文件已按哈希上传中心（{name}）",
    },
    "capture_at_hub": {
        "en": "a capture of the first run is at the hub, hash and all ({name}); the failing step took none",
        "zh-CN": "首次检测的采集文件已按哈希上传中心（{name}）；不合格步骤未采集",
    },
    "ticket_closed": {"en": "ticket {ticket} is handed over", "zh-CN": "工单 {ticket} 已移交"},
    "captures_right": {
        "en": "{good} of {total} figures of real captures within their tolerance",
        "zh-CN": "真实采集 {total} 项中 {good} 项在容差内",
    },
    "captures_absent": {
        "en": "no folder of real captures here (docs/captures.md names the public sources): left out",
        "zh-CN": "本机没有真实采集数据（来源见 docs/captures.md）：已略过",
    },
    "took": {"en": "took {seconds:.0f} s", "zh-CN": "用时 {seconds:.0f} 秒"},
    "measurement": {"en": "measurement", "zh-CN": "测量项"},
    "value": {"en": "value (k = 2)", "zh-CN": "测量值（k = 2）"},
    "limits": {"en": "limits", "zh-CN": "限值"},
    "verdict": {"en": "verdict", "zh-CN": "判定"},
    "instrument": {"en": "instrument", "zh-CN": "仪器"},
    "remedy": {"en": "remedy", "zh-CN": "处理"},
    "kept": {
        "en": "Everything is still running. Ctrl-C ends it. Look around:",
        "zh-CN": "一切仍在运行，Ctrl-C 结束。可查看：",
    },
    "died": {
        "en": "A process has ended by itself, so the demonstration ends:",
        "zh-CN": "有进程意外退出，演示随之结束：",
    },
    "try_it": {
        "en": "the device is broken again: type {serial} as a scanner would, "
        "F5 takes {ticket}, F9 tests it; the probes move as asked",
        "zh-CN": "设备再次出现故障：输入 {serial}（相当于扫码），F5 接单 {ticket}，F9 检测；探头会按提示移动",
    },
    "mend_it": {
        "en": "mends the device (the soldering iron of this bench); "
        "then F8 records the repair, F9 tests again, F12 hands over",
        "zh-CN": "修好设备（相当于烙铁）；然后 F8 记录维修，F9 复测，F12 移交",
    },
}


def say(key: str, language: Language, **values: object) -> str:
    """Return one sentence in ``language``."""
    return SENTENCES[key][language].format(**values)
