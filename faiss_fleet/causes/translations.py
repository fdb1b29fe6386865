# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
# -*- coding: utf-8 -*-
"""What the C library, the shell, make, the compiler and yum print in other languages, as causes_table.py knows it."""
from __future__ import absolute_import, division, print_function
__metaclass__ = type

# (in English, the same in others): lower case. They are sought in this order, so what is a part of another comes later.
TRANSLATED = (
    (u"no such file or directory", (
        u"datei oder verzeichnis nicht gefunden", u"aucun fichier ou dossier de ce type",
        u"aucun fichier ou répertoire de ce type", u"no existe el fichero o el directorio",
        u"no existe el archivo o el directorio", u"file o directory non esistente",
        u"arquivo ou diretório não encontrado", u"ficheiro ou pasta inexistente", u"нет такого файла или каталога",
        u"没有那个文件或目录", u"沒有此一檔案或目錄", u"そのようなファイルやディレクトリはありません",
        u"그런 파일이나 디렉터리가 없습니다", u"nie ma takiego pliku ani katalogu")),
    (u"permission denied", (
        u"keine berechtigung", u"permission non accordée", u"permiso denegado", u"permesso negato",
        u"permissão negada", u"отказано в доступе", u"权限不够", u"拒绝访问", u"許可がありません", u"허가 거부",
        u"brak dostępu")),
    (u"operation not permitted", (
        u"die operation ist nicht erlaubt", u"vorgang nicht zulässig", u"opération non permise",
        u"operación no permitida", u"operazione non permessa", u"операция не позволена", u"不允许的操作",
        u"許可されていない操作です")),
    (u"no space left on device", (
        u"não há espaço disponível no dispositivo", u"на устройстве не осталось свободного места",
        u"设备上没有空间", u"デバイスに空き領域がありません", u"장치에 남은 공간이 없음",
        u"brak miejsca na urządzeniu")),
    (u"read-only file system", (
        u"das dateisystem ist nur lesbar", u"système de fichiers accessible en lecture seulement",
        u"sistema de ficheros de sólo lectura", u"sistema de archivos de solo lectura",
        u"file system in sola lettura", u"файловая система доступна только для чтения", u"只读文件系统",
        u"読み込み専用ファイルシステムです")),
    (u"exec format error", (
        u"fehler im format der programmdatei", u"erreur de format pour exec()", u"formato de ejecutable incorrecto",
        u"errore di formato del file eseguibile", u"ошибка формата выполняемого файла", u"可执行文件格式错误",
        u"実行形式エラー")),
    (u"cannot allocate memory", (
        u"nicht genügend hauptspeicher verfügbar", u"ne peut allouer de la mémoire",
        u"impossible d'allouer de la mémoire", u"no se pudo asignar memoria", u"impossibile allocare memoria",
        u"невозможно выделить память", u"не удалось выделить память", u"无法分配内存", u"メモリを確保できません")),
    (u"connection refused", (
        u"verbindungsaufbau abgelehnt", u"connexion refusée", u"conexión rehusada", u"connessione rifiutata",
        u"в соединении отказано", u"拒绝连接", u"连接被拒绝", u"接続を拒否されました")),
    (u"connection timed out", (
        u"die wartezeit für die verbindung ist abgelaufen", u"connexion terminée par expiration du délai d'attente",
        u"expiró el tiempo de conexión", u"время ожидания соединения истекло", u"连接超时",
        u"接続がタイムアウトしました")),
    (u"name or service not known", (
        u"der name oder der dienst ist nicht bekannt", u"nom ou service inconnu", u"nombre o servicio desconocido",
        u"имя или служба не известны", u"未知的名称或服务", u"名前またはサービスが不明です")),
    (u"temporary failure in name resolution", (
        u"temporärer fehler bei der namensauflösung", u"échec temporaire dans la résolution du nom",
        u"fallo temporal en la resolución del nombre", u"временный сбой в разрешении имен", u"域名解析暂时失败")),
    (u"cannot open shared object file", (
        u"kann die shared-object-datei nicht öffnen", u"kann shared-object-datei nicht öffnen",
        u"ne peut ouvrir le fichier d'objet partagé", u"impossible d'ouvrir le fichier d'objet partagé",
        u"no se puede abrir el archivo del objeto compartido",
        u"no se puede abrir el fichero del objeto compartido", u"impossibile aprire il file oggetto condiviso",
        u"não é possível abrir arquivo de objeto compartilhado", u"невозможно открыть разделяемый объектный файл",
        u"не удаётся открыть общий объектный файл", u"无法打开共享对象文件", u"无法打开共享目标文件",
        u"無法開啟共用物件檔", u"共有オブジェクトファイルを開けません",
        u"nie można otworzyć pliku obiektu dzielonego")),
    (u"command not found", (
        u"kommando nicht gefunden", u"befehl nicht gefunden", u"commande introuvable", u"orden no encontrada",
        u"comando non trovato", u"comando não encontrado", u"команда не найдена", u"未找到命令", u"命令未找到",
        u"找不到命令", u"コマンドが見つかりません", u"명령어를 찾을 수 없음", u"nie znaleziono polecenia")),
    (u"segmentation fault", (
        u"erreur de segmentation", u"violación de segmento", u"errore di segmentazione", u"falha de segmentação",
        u"ошибка сегментирования", u"段错误", u"段错誤", u"naruszenie ochrony pamięci")),
    (u"illegal instruction", (
        u"ungültiger maschinenbefehl", u"instruction illégale", u"instrucción ilegal", u"instrução ilegal",
        u"недопустимая инструкция", u"недопустимая операция", u"非法指令", u"不正な命令です",
        u"nieprawidłowa instrukcja")),
    (u"killed", (
        u"getötet", u"убито", u"已杀死", u"強制終了")),
    (u"core dumped", (
        u"speicherabzug geschrieben", u"стек памяти сброшен на диск", u"核心已转储", u"吐核", u"コアダンプ")),
    (u"fatal error", (
        u"schwerwiegender fehler", u"erreur fatale", u"фатальная ошибка", u"致命错误",
        u"致命的エラー")),
    (u"requires", (u"需要",)),
    (u" is needed by ", (u" 被 ",)),
    (u"error", (
        u"错误", u"ошибка")),
    (u"no package", (u"没有可用软件包",)),
    (u"nothing to do", (u"无须任何处理",)),
    (u"version", (u"версия",)),
    (u"not found", (
        u"не найдена", u"не найден", u"nicht gefunden", u"introuvable", u"non trouvée", u"no encontrada", u"找不到",
        u"未找到", u"見つかりません")),
)

# The same where the words stand in another order: (pattern of a clean line, what stands for it).
REORDERED = (
    (u"' ([^' ]{1,300}) '", u"'\\1'"),
    (u"对 ?'([^']{1,300})' ?未定义的引用", u"undefined reference to '\\1'"),
    (u"nicht definierter verweis auf ", u"undefined reference to "),
    (u"référence indéfinie (?:vers|à) ?", u"undefined reference to "),
    (u"referencia a '([^']{1,300})' sin definir", u"undefined reference to '\\1'"),
    (u"неопределённая ссылка на |неопределенная ссылка на ", u"undefined reference to "),
    (u"'([^']{1,300})' ?に対する定義されていない参照", u"undefined reference to '\\1'"),
    (u"riferimento non definito a ", u"undefined reference to "),
    (u"referência não definida para ", u"undefined reference to "),
)
